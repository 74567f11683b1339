"""What both formats tell, in words: counts, groups of findings, where it was looked."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final

from msgspec import Struct

from cosictl.model.account import Account
from cosictl.model.failures import FixBy
from cosictl.model.report import SEVERITY, STUCK, Assessment, Finding, Outlook, Report
from cosictl.model.snapshot import ReadStatus
from cosictl.render.finding_text import FIXERS
from cosictl.render.lines import many
from cosictl.render.words import UNREAD, counted_words, none_words, policy_words, roots_words


class Group(Struct, frozen=True, kw_only=True):
    """The findings of one code that share an outlook: one cause, said once."""

    code: str
    title: str
    outlook: Outlook
    findings: tuple[Finding, ...]

    @property
    def key(self) -> str:
        """What tells it from the other groups: ``COSI104-looping``."""
        return f"{self.code}-{self.outlook.value}"

    @property
    def roots(self) -> str:
        """How many objects of which kind carry the cause."""
        return roots_words(self.findings)

    @property
    def waiting(self) -> int:
        """How many other objects wait for them."""
        return len({ref for finding in self.findings for ref in finding.symptoms})

    @property
    def fixers(self) -> tuple[FixBy, ...]:
        """Who has to act, the busiest first."""
        return tuple(who for who, _ in Counter(finding.fix_by for finding in self.findings).most_common())


def groups_of(report: Report) -> tuple[Group, ...]:
    """Return the groups of a report, in its order: the worst first."""
    return tuple(_group(tuple(some)) for _, some in groupby(report.findings, key=lambda f: (f.outlook, f.code)))


def _group(findings: tuple[Finding, ...]) -> Group:
    first = findings[0]
    return Group(code=first.code, title=first.title, outlook=first.outlook, findings=findings)


def outlook_counts(objects: Iterable[Assessment]) -> list[tuple[Outlook, int]]:
    """Count objects by outlook, the worst first, without those that none has."""
    counts = Counter(item.outlook for item in objects)
    return [(outlook, counts[outlook]) for outlook in SEVERITY if counts[outlook]]


def verdict_words(report: Report) -> str:
    """Say in one sentence how it stands."""
    objects = report.objects
    stuck = sum(item.outlook in STUCK for item in objects)
    unknown = sum(item.outlook is Outlook.UNKNOWN for item in objects)
    if stuck or report.stuck_pods:
        pods = f" and {many(len(report.stuck_pods), 'Pod')}" if report.stuck_pods else ""
        held = sum(item.outlook is Outlook.WAITING for item in objects)
        behind = f"; {many(held, 'more waits', 'more wait')} for others" if held else ""
        are = "is" if stuck + len(report.stuck_pods) == 1 else "are"
        return f"{stuck} of {many(len(objects), 'object')}{pods} {are} stuck{behind}"
    if not objects:
        return none_words(report)
    if unknown:
        return f"nothing is known to be stuck, and {unknown} of {many(len(objects), 'object')} could not be judged"
    return f"nothing is stuck among {many(len(objects), 'object')}"


def scope_words(report: Report) -> Iterator[tuple[str, str]]:
    """Yield what was looked at: a label and foreign or own words, unescaped."""
    yield "Objects", counted_words(report)
    apis = sorted({item.api.value for item in report.objects})
    if apis:
        yield "API version", " and ".join(apis)
    if report.drivers:
        yield many(len(report.drivers), "Driver"), ", ".join(report.drivers)
    for choice in report.policies:
        yield "Sidecar policy", policy_words(choice)
    if report.namespaces:
        yield "Only", f"namespace {', '.join(report.namespaces)}"
    yield "Read from", report.source


def fixer_words(group: Group) -> str:
    """Say who has to act on a group."""
    return ", ".join(FIXERS[who] for who in group.fixers)


def unread_words(status: ReadStatus) -> tuple[str, str]:
    """Name what was not read, and say why: the server's own words where there are any."""
    scope = f" in namespace {status.scope}" if status.scope else ""
    return f"{status.resource}{scope}", status.reason or UNREAD[status.outcome]


WHAT_IF_HEADS: Final = ("Policy", "Loops end>", "Parked>", "In vain>", "Stranded>", "Crashes>", "Calls an hour>")


def what_if_rows(told: Account) -> Sequence[tuple[str, ...]]:
    """Return one row per policy: its name, and how many loops end, are parked, in vain, stranded, crash; calls/h."""
    return [
        (
            item.policy,
            *(str(len(refs)) for refs in (item.ends, item.parks, item.hopeless, item.strands, item.crashes)),
            f"{item.calls:.0f}",
        )
        for item in told.comparison.prospects
    ]
