"""The report as Markdown: for a ticket, so short that a forge takes it, and without anything to fetch."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Final, TextIO

from cosictl.knowledge.vocabulary import OUTLOOKS
from cosictl.model.account import Account
from cosictl.model.refs import Ref
from cosictl.model.report import SEVERITY, Assessment, Evidence, Finding, Outlook
from cosictl.render.ages import age, stamp, until
from cosictl.render.finding_text import HELPS, headline, meaning, other_candidates, tries_words
from cosictl.render.lines import many
from cosictl.render.report.marked import block, code, plain, table
from cosictl.render.report.parts import (
    WHAT_IF_HEADS,
    Group,
    fixer_words,
    groups_of,
    outlook_counts,
    scope_words,
    unread_words,
    verdict_words,
    what_if_rows,
)

# Forges take about 65,000 characters; what is cut is named, and where to see it.
GROUPS: Final = 12
EXAMPLES: Final = 3
FACTS: Final = 3
OBJECTS: Final = 40
QUOTED: Final = 400


def write_markdown(told: Account, stream: TextIO) -> None:
    """Write the report of an account."""
    groups = groups_of(told.report)
    parts = chain(_opening(told), _overview(told, groups), _findings(told, groups), _objects(told), _ending(told))
    stream.write("\n\n".join(parts) + "\n")


def _opening(told: Account) -> Iterator[str]:
    report = told.report
    words = verdict_words(report)
    yield f"# Object storage (COSI): {words}"
    yield "\n".join(
        [
            f"- **As of** {code(stamp(report.taken_at) or '')} ({report.basis})",
            *(f"- **{label}** {plain(words)}" for label, words in scope_words(report)),
        ]
    )


def _overview(told: Account, groups: Sequence[Group]) -> Iterator[str]:
    counts = outlook_counts(told.report.objects)
    if counts:
        rows = [(outlook.value, str(count), OUTLOOKS[outlook]) for outlook, count in counts]
        yield table(("Outlook", "Objects>", "Meaning"), rows)
    yield "## What is wrong" if groups else "No findings."
    if groups:
        yield table(
            ("Code", "What", "Outlook", "Objects>", "Waiting on them>", "Who fixes"),
            [
                (
                    group.code,
                    plain(group.title),
                    group.outlook.value,
                    str(len(group.findings)),
                    str(group.waiting),
                    fixer_words(group),
                )
                for group in groups
            ],
        )


def _findings(told: Account, groups: Sequence[Group]) -> Iterator[str]:
    items = {item.ref: item for item in told.report.objects}
    for group in groups[:GROUPS]:
        yield from _group(told, group, items)
    if len(groups) > GROUPS:
        rest = ", ".join(dict.fromkeys(group.code for group in groups[GROUPS:]))
        yield f"In the table only, for length: {rest}. The whole of each: {code('cosictl diagnose --finding CODE')}"


def _group(told: Account, group: Group, items: Mapping[Ref, Assessment]) -> Iterator[str]:
    report = told.report
    since = min((f.since for f in group.findings if f.since is not None), default=None)
    tail = f", for {age(report.taken_at - since)}" if since is not None else ""
    yield f"## {group.code} {plain(group.title)}: {group.outlook.value}, {group.roots}{tail}"
    first = group.findings[0]
    lines = [f"- **Will waiting help?** {HELPS[group.outlook]}", f"- **Who fixes** {fixer_words(group)}"]
    lines += [f"- **{label}** {plain(words)}" for label, words in _same(group) if words]
    yield "\n".join(lines)
    for finding in group.findings[:EXAMPLES]:
        yield from _finding(told, finding, items.get(finding.root), alone=len(group.findings) == 1)
    more = len(group.findings) - EXAMPLES
    if more > 0:
        yield f"… and {more} more: {code(f'cosictl diagnose --finding {first.code} --all')}"


def _same(group: Group) -> Iterator[tuple[str, str]]:
    """Yield what all findings of a group have in common; what differs is told with each."""
    for label, texts in (
        ("Why", {finding.explanation for finding in group.findings}),
        ("What helps", {finding.remedy for finding in group.findings}),
        ("What could be lost", {finding.risk for finding in group.findings}),
    ):
        if len(texts) == 1:
            yield label, next(iter(texts))


def _finding(told: Account, finding: Finding, item: Assessment | None, *, alone: bool) -> Iterator[str]:
    """Yield one finding; ``alone``: it is the only one of its group, so that all is said already."""
    yield f"**{plain(headline(finding, item))}**"
    lines = [f"- **{'recorded' if fact.quoted else 'seen'}** {_fact(fact, told)}" for fact in finding.evidence[:FACTS]]
    if len(finding.evidence) > FACTS:
        lines.append(f"- … and {many(len(finding.evidence) - FACTS, 'more fact')}")
    if item is not None and item.classification is not None and any(fact.quoted for fact in finding.evidence):
        lines.append(f"- **means** {plain(meaning(item.classification))}")
    if item is not None and item.attempts is not None:
        lines.append(f"- **tries** {plain(tries_words(item, told.report))}")
    others = other_candidates(finding)
    if others:
        lines.append(f"- **or it could be** {', '.join(others)}")
    if not alone:
        lines.append(f"- **why** {plain(finding.explanation)}")
    yield "\n".join(lines) if lines else f"- since {code(stamp(finding.since) or 'an unknown time')}"
    if finding.commands:
        yield block(finding.commands)


def _fact(fact: Evidence, told: Account) -> str:
    when = f", {age(told.report.taken_at - fact.at)} earlier" if fact.at is not None else ""
    said = code(fact.text, most=QUOTED) if fact.quoted else plain(fact.text)
    return f"{plain(fact.source)}{when}: {said}"


def _objects(told: Account) -> Iterator[str]:
    report = told.report
    items = [item for item in report.objects if item.outlook is not Outlook.READY]
    if not items:
        return
    items.sort(key=lambda item: (SEVERITY.index(item.outlook), item.ref))
    codes = {finding.root: finding.code for finding in reversed(report.findings)}
    yield "## Objects that are not ready"
    yield table(
        ("Object", "Outlook", "Finding", "Since", "Tries>", "Next try", "Waits for"),
        [_object_row(item, codes.get(item.ref, ""), told) for item in items[:OBJECTS]],
    )
    if len(items) > OBJECTS:
        yield f"… and {many(len(items) - OBJECTS, 'more object')}: {code('cosictl get buckets,claims,accesses -A')}"


def _object_row(item: Assessment, found: str, told: Account) -> tuple[str, ...]:
    report = told.report
    flags = f" ({', '.join(flag.value for flag in item.flags)})" if item.flags else ""
    return (
        _name(item.ref),
        f"{item.outlook.value}{flags}",
        found or "-",
        f"{age(report.taken_at - item.since)}" if item.since is not None else "-",
        "-" if item.attempts is None else str(item.attempts),
        "-" if item.next_try is None else plain(until(item.next_try, report.taken_at)),
        "-" if item.waits_on is None else _name(item.waits_on),
    )


def _name(ref: Ref) -> str:
    return code(f"{ref.kind} {ref.namespace}/{ref.name}" if ref.namespace else f"{ref.kind} {ref.name}")


def _ending(told: Account) -> Iterator[str]:
    report = told.report
    if told.comparison.counted:
        now = {choice.policy for choice in told.comparison.now}
        yield "## What another sidecar would do"
        yield table(
            WHAT_IF_HEADS,
            [(code(name) + (" (now)" if name in now else ""), *cells) for name, *cells in what_if_rows(told)],
        )
        yield "More: " + code("cosictl sidecars compare")
    yield "## Not read"
    lines = [f"- {plain(what)}: {plain(why)}" for what, why in map(unread_words, report.unread)]
    if report.skipped_files:
        lines.append(f"- {many(report.skipped_files, 'file')} that held no Kubernetes objects")
    yield "\n".join(lines) if lines else "Nothing that a verdict needed."
    yield "Tries and next tries are estimates from the sidecar's backoff; counts of events are lower bounds."
