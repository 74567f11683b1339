"""Findings as blocks of text: what is stuck, why, will waiting help, who fixes it, what to type, what could be lost."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from cosictl.knowledge.catalogue import CATALOGUE
from cosictl.knowledge.vocabulary import CAUSES
from cosictl.model.failures import Classification, FixBy
from cosictl.model.refs import Ref
from cosictl.model.report import Assessment, Evidence, Finding, Outlook, Report
from cosictl.render.ages import age, until
from cosictl.render.safe import escape

HELPS = {
    Outlook.LOOPING: "no: it is tried again and again, and cannot succeed until something changes",
    Outlook.PARKED: "no: nobody tries again until somebody acts",
    Outlook.STALLED: "no: nobody works on it, and nothing repeats the lost step",
    Outlook.UNKNOWN: "unknown: the evidence cannot tell",
    Outlook.RETRYING: "yes, it may: it is tried again, and the cause can pass by itself",
    Outlook.WAITING: "yes, once the object it waits for is right",
    Outlook.READY: "not needed: nothing is stuck, but see what helps",
}
FIXERS = {
    FixBy.NOBODY: "nobody has to act",
    FixBy.CLAIM_OWNER: "the owner of the claim or access",
    FixBy.ADMIN: "an admin of the cluster or of the storage",
    FixBy.DRIVER_DEVELOPER: "the developer of the driver",
    FixBy.UNKNOWN: "cannot be told from the evidence",
}
_NAMED = 3


class Line(Struct, frozen=True, kw_only=True):
    """One labelled line: ``quoted`` ones are cut after a few lines, ``command`` ones stay whole, others are wrapped."""

    label: str
    text: str
    quoted: bool = False
    command: bool = False


def ref_words(ref: Ref) -> str:
    """Name an object: its kind, and its namespace and name."""
    path = f"{ref.namespace}/{ref.name}" if ref.namespace else ref.name
    return escape(f"{ref.kind} {path}")


def headline(finding: Finding, item: Assessment | None) -> str:
    """Name the object that carries the cause, its flags, and who waits for it."""
    words = ref_words(finding.root)
    if item is not None and item.flags:
        words += " [" + ", ".join(flag.value for flag in item.flags) + "]"
    if not finding.symptoms:
        return words
    names = ", ".join(ref_words(ref) for ref in finding.symptoms[:_NAMED])
    more = f" and {len(finding.symptoms) - _NAMED} more" if len(finding.symptoms) > _NAMED else ""
    return f"{words} ← {names}{more}"


def shared_lines(findings: Sequence[Finding]) -> list[Line]:
    """Return what holds for every finding of a group, so that it is said once; a single finding shares nothing."""
    return [line for same in _SAME if len(findings) > 1 and (line := _same(findings, same)) is not None]


def own_lines(finding: Finding, item: Assessment | None, report: Report, shared: Sequence[Line]) -> Iterator[Line]:
    """Yield what is to be said about one finding, without what its group says already."""
    said = {line.label for line in shared}
    yield from (_evidence(fact, report) for fact in finding.evidence)
    if item is not None and any(fact.quoted for fact in finding.evidence):
        if item.classification is not None:
            yield Line(label="means", text=meaning(item.classification))
        if item.attempts is not None:
            yield Line(label="tries", text=tries_words(item, report))
    for same in _SAME[:-1]:
        line = same(finding)
        if line.text and line.label not in said:
            yield line
    for number, command in enumerate(finding.commands):
        yield Line(label="what to type" if number == 0 else "", text=escape(command), command=True)
    beware = _beware(finding)
    if beware.text and beware.label not in said:
        yield beware


def fixers(findings: Sequence[Finding]) -> str:
    """Say who has to act on a group, the busiest first."""
    counts = Counter(finding.fix_by for finding in findings)
    if len(counts) == 1:
        return FIXERS[findings[0].fix_by]
    return ", ".join(f"{FIXERS[who]} ({count})" for who, count in counts.most_common())


def meaning(found: Classification) -> str:
    """Say what a message was understood as, and by what."""
    code = found.grpc_code.value if found.grpc_code is not None else ""
    named = " ".join(part for part in (code, found.backend_code or "") if part)
    words = f"{found.cause.value}: {CAUSES[found.cause]}"
    if found.code_mismatch:
        words += f" The code {code} says something else; the text decides."
    return escape(f"{named} · {words}" if named else words)


def _evidence(fact: Evidence, report: Report) -> Line:
    said = f"“{escape(fact.text)}”" if fact.quoted else escape(fact.text)
    when = f", {age(report.taken_at - fact.at)} ago" if fact.at is not None else ""
    label = "recorded" if fact.quoted else "seen"
    # The source comes first: it is short, and long words must not push it off the screen.
    return Line(label=label, text=f"{escape(fact.source)}{when}: {said}", quoted=True)


def tries_words(item: Assessment, report: Report) -> str:
    """Say how often it was tried, and when next; what is an estimate says so."""
    if item.next_try is None:
        after = "none follows" if item.outlook is Outlook.PARKED else "how many there were cannot be told"
        return f"{item.attempts} recorded; {after}"
    when = until(item.next_try, report.taken_at)
    return f"about {item.attempts} so far, the next {when} (estimates from the backoff of {escape(item.policy)})"


def _why(finding: Finding) -> Line:
    return Line(label="why", text=escape(finding.explanation))


def _helps(finding: Finding) -> Line:
    return Line(label="waiting helps?", text=HELPS[finding.outlook])


def _could_be(finding: Finding) -> Line:
    """Without the first candidate, which is the title already."""
    words = "; ".join(f"{code} {escape(CATALOGUE[code].title)}" for code in other_candidates(finding))
    return Line(label="or it could be", text=words)


def other_candidates(finding: Finding) -> tuple[str, ...]:
    """Return the other codes that the evidence cannot tell from this one."""
    return tuple(code for code in finding.candidates if code != finding.code and code in CATALOGUE)


def _fixer(finding: Finding) -> Line:
    return Line(label="who fixes", text=FIXERS[finding.fix_by])


def _remedy(finding: Finding) -> Line:
    return Line(label="what helps", text=escape(finding.remedy))


def _beware(finding: Finding) -> Line:
    return Line(label="beware", text=escape(finding.risk))


_SAME: tuple[Callable[[Finding], Line], ...] = (_why, _helps, _could_be, _fixer, _remedy, _beware)


def _same(findings: Sequence[Finding], of: Callable[[Finding], Line]) -> Line | None:
    """Return the line that all findings of a group have in common; who fixes is counted instead."""
    if of is _fixer:
        return Line(label="who fixes", text=fixers(findings))
    lines = {of(finding) for finding in findings}
    line = lines.pop()
    return line if not lines and line.text else None
