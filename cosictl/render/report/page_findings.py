"""The findings on the page: an overview that leads to each, then every group of them, said once and then in full.

A cluster may have thousands. The first of each group are told in full, more in one row each, and the rest are counted.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

from msgspec import Struct

from cosictl.model.account import Account
from cosictl.model.refs import Ref
from cosictl.model.report import Assessment, Evidence, Finding, Report
from cosictl.render.ages import age, stamp
from cosictl.render.finding_text import HELPS, own_lines, shared_lines
from cosictl.render.lines import many
from cosictl.render.report.element import NOTHING, Markup, each, link, tag
from cosictl.render.report.parts import Group, fixer_words
from cosictl.render.report.pieces import (
    badge,
    cut_middle,
    facts,
    flags_of,
    name_of,
    note,
    path_of,
    quoted,
    section,
    table,
)

# In full, and in one row each: of one group, and on the whole page.
FULL: Final = 8
FULL_ALL: Final = 150
ROWS: Final = 100
ROWS_ALL: Final = 1000
# How many links of a group stand open in the overview, and how many waiting objects are named.
_OPEN: Final = 4
_NAMED: Final = 12
_FACTS: Final = 12
# Lines that say what a group shares, in the order of the questions of somebody on call.
_QUOTES: Final = frozenset({"recorded", "seen"})
_LABELS: Final = {
    "why": "Why",
    "waiting helps?": "Will waiting help?",
    "or it could be": "Or it could be",
    "who fixes": "Who fixes it",
    "what helps": "What helps",
    "beware": "What could be lost",
    "means": "Means",
    "tries": "Tries",
}


class Shown(Struct, frozen=True, kw_only=True):
    """A group with what of it is on the page; ``number`` is that of its first finding, from which anchors are made."""

    group: Group
    number: int
    full: int
    rows: int

    def anchors(self) -> Iterator[tuple[str, Finding]]:
        """Yield the anchor and the finding of each that is on the page."""
        for place, finding in enumerate(self.group.findings[: self.full + self.rows]):
            yield f"finding-{self.number + place}", finding

    @property
    def left(self) -> int:
        """How many are not on the page."""
        return len(self.group.findings) - self.full - self.rows


def planned(groups: Sequence[Group]) -> tuple[Shown, ...]:
    """Decide what of each group is on the page; every group has its first finding in full."""
    shown: list[Shown] = []
    full_left, rows_left, number = FULL_ALL, ROWS_ALL, 1
    for group in groups:
        full = min(len(group.findings), FULL, max(1, full_left))
        rows = min(len(group.findings) - full, ROWS, rows_left)
        shown.append(Shown(group=group, number=number, full=full, rows=rows))
        full_left, rows_left, number = full_left - full, rows_left - rows, number + full + rows
    return tuple(shown)


def overview(plan: Sequence[Shown], report: Report) -> Markup:
    """Return the table that leads to every finding on the page."""
    rows = [_overview_row(shown, report) for shown in plan]
    if not rows:
        return tag("p", "There are no findings.")
    heads = ("Code", "What is wrong", "Outlook", "Objects", "Wait for it", "For", "Who fixes it", "Where")
    return table(heads, rows, caption="Findings, the worst first", numbers=(3, 4))


def _overview_row(shown: Shown, report: Report) -> tuple[str, ...]:
    group = shown.group
    since = min((finding.since for finding in group.findings if finding.since is not None), default=None)
    return (
        link(group.key, group.code),
        group.title,
        badge(group.outlook),
        str(len(group.findings)),
        str(group.waiting) if group.waiting else "-",
        age(report.taken_at - since) if since is not None else "unknown",
        fixer_words(group),
        _links(shown),
    )


def _links(shown: Shown) -> Markup:
    links = [link(anchor, _short(finding.root), class_="to") for anchor, finding in shown.anchors()]
    more = f" and {shown.left} more, not on this page" if shown.left else ""
    if len(links) <= _OPEN:
        return each((*links, more))
    rest = tag("details", tag("summary", many(len(links) - _OPEN, "more object")), *links[_OPEN:], more)
    return each((*links[:_OPEN], rest))


def _short(ref: Ref) -> str:
    return cut_middle(path_of(ref), 28)


def findings(plan: Sequence[Shown], told: Account) -> Markup:
    """Return every group."""
    items = {item.ref: item for item in told.report.objects}
    return each(_group(shown, told.report, items) for shown in plan)


def _group(shown: Shown, report: Report, items: Mapping[Ref, Assessment]) -> Markup:
    group = shown.group
    shared = shared_lines(group.findings)
    said = [(_LABELS[line.label], line.text) for line in shared if line.text]
    if len(group.findings) > 1 and not any(line.label == "waiting helps?" for line in shared):
        said.insert(0, (_LABELS["waiting helps?"], HELPS[group.outlook]))
    labels = {line.label for line in shared}
    full = [
        _full(anchor, finding, items.get(finding.root), report, labels)
        for anchor, finding in islice(shown.anchors(), shown.full)
    ]
    left = many(shown.left, "more object")
    more = note(f"{left} of this finding: cosictl diagnose --finding {group.code} --all") if shown.left else NOTHING
    title = each((tag("span", group.code, class_="code"), " ", group.title, " ", badge(group.outlook)))
    return section(
        group.key,
        title,
        tag("p", group.roots, " · ", link(f"page-{group.code}", f"all about {group.code}"), class_="note"),
        facts(said),
        *full,
        _in_rows(shown, items, report),
        more,
        level=3,
    )


def _full(anchor: str, finding: Finding, item: Assessment | None, report: Report, said: set[str]) -> Markup:
    flags = flags_of(item.flags) if item is not None else NOTHING
    head = tag("h4", link(anchor, name_of(finding.root), class_="self"), flags)
    return tag(
        "article",
        head,
        _holds_up(finding),
        facts(_told(finding, item, report, said)),
        id=anchor,
        tabindex="-1",
        class_=f"finding {finding.outlook.value}",
        data_finding=finding.code,
    )


def _holds_up(finding: Finding) -> Markup:
    if not finding.symptoms:
        return NOTHING
    names = [each((", " if place else "", name_of(ref))) for place, ref in enumerate(finding.symptoms[:_NAMED])]
    more = len(finding.symptoms) - _NAMED
    return tag("p", "Holds up ", *names, f" and {more} more" if more > 0 else "", class_="holds")


def _told(finding: Finding, item: Assessment | None, report: Report, said: set[str]) -> Iterator[tuple[str, str]]:
    """Yield what is told of one finding: its evidence, what its group does not say already, and what to type."""
    for fact in finding.evidence[:_FACTS]:
        yield ("Recorded" if fact.quoted else "Seen"), _fact(fact, report)
    if len(finding.evidence) > _FACTS:
        yield "", f"and {many(len(finding.evidence) - _FACTS, 'more fact')}"
    if finding.since is not None:
        yield "Since", f"{stamp(finding.since)}, for {age(report.taken_at - finding.since)}"
    lines = list(own_lines(finding, item, report, ()))
    commands = [line.text for line in lines if line.command]
    for line in lines:
        if not line.command and line.label not in _QUOTES and line.label not in said and line.label != "beware":
            yield _LABELS[line.label], line.text
    if commands:
        yield "What to type", each(tag("pre", tag("code", command), tabindex="0") for command in commands)
    yield from ((_LABELS["beware"], line.text) for line in lines if line.label == "beware" and "beware" not in said)


def _fact(fact: Evidence, report: Report) -> Markup:
    when = f", {age(report.taken_at - fact.at)} before this report" if fact.at is not None else ""
    source = tag("span", f"{fact.source}{when}", class_="source")
    return each((quoted(fact.text) if fact.quoted else fact.text, " ", source))


def _in_rows(shown: Shown, items: Mapping[Ref, Assessment], report: Report) -> Markup:
    rest = list(shown.anchors())[shown.full :]
    if not rest:
        return NOTHING
    rows = [_row(anchor, finding, items.get(finding.root), report) for anchor, finding in rest]
    heads = ("Object", "For", "Tries", "Recorded", "Holds up")
    inner = table(heads, rows, caption=f"{shown.group.code}: the others, in short", numbers=(2,))
    return tag("details", tag("summary", f"{many(len(rest), 'more object')} with this finding"), inner, open=True)


def _row(anchor: str, finding: Finding, item: Assessment | None, report: Report) -> tuple[str, ...]:
    said = next((fact.text for fact in finding.evidence if fact.quoted), "")
    return (
        tag("span", name_of(finding.root), id=anchor, tabindex="-1", data_finding=finding.code),
        age(report.taken_at - finding.since) if finding.since is not None else "unknown",
        f"{item.attempts}" if item is not None and item.attempts is not None else "-",
        cut_middle(said, 160) if said else "-",
        str(len(finding.symptoms)) if finding.symptoms else "-",
    )
