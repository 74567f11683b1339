"""The differences of two reports as a person reads them: what somebody has to look at first."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from cosictl.model.differences import Change, Difference, Differences, Side, State
from cosictl.model.report import STUCK, Report
from cosictl.render.ages import age, stamp
from cosictl.render.console import Out
from cosictl.render.finding_text import ref_words
from cosictl.render.lines import filled, many
from cosictl.render.safe import escape, wrap
from cosictl.render.words import UNREAD

SHOWN: Final = 10
_LABEL: Final = 5
_WORDS: Final = {
    Change.GOT_STUCK: "got stuck",
    Change.STILL_STUCK: "still stuck",
    Change.RECREATED: "recreated",
    Change.NEW: "new",
    Change.OTHER: "otherwise different",
    Change.GOT_BETTER: "got better",
    Change.GONE: "gone",
    Change.NOT_COMPARED: "not compared",
}
_HEADS: Final = {
    Change.RECREATED: "recreated: the old object was deleted, another one has its name",
    Change.NOT_COMPARED: "not compared: one side could not see how it fares",
}
_STYLES: Final = {
    Change.GOT_STUCK: "bold red",
    Change.STILL_STUCK: "bold red",
    Change.GOT_BETTER: "green",
    Change.NOT_COMPARED: "bold yellow",
}


def print_differences(found: Differences, out: Out, *, show_all: bool = False) -> None:
    """Print what is different; of each kind of change ten, unless all are asked for."""
    _sides(found, out)
    told = [_counted(change, found.changes) for change, count in found.counts.items() if count]
    told.append(f"{found.same} as before")
    for line in filled(told, out.width):
        out.line(line, style="bold")
    for change, group in groupby(found.changes, key=lambda one: one.change):
        _section(change, tuple(group), out, show_all=show_all)
    out.line()
    lost = [f"{name}: {_unread(side.report)}" for name, side in (("OLD", found.old), ("NEW", found.new))]
    for line in wrap("Not read: " + "; ".join(lost), out.width):
        out.line(line)


def _sides(found: Differences, out: Out) -> None:
    gap = found.new.report.taken_at - found.old.report.taken_at
    before = f"{age(-gap)} before OLD; are they the right way round?"
    later = f"{age(gap)} later" if gap.total_seconds() > 0 else before if gap else "the same moment"
    for name, side, tail in (("OLD", found.old, ""), ("NEW", found.new, f", {later}")):
        lead = f"{name:<{_LABEL}}"
        words = f"{escape(side.report.source)} · as of {stamp(side.report.taken_at)}{tail}{_scope(side)}"
        for line in wrap(words, out.width, lead, " " * _LABEL):
            out.line(line)


def _scope(side: Side) -> str:
    names = side.report.namespaces
    return f" · namespace {', '.join(escape(name) for name in names)} only" if names else ""


def _counted(change: Change, changes: Sequence[Difference]) -> str:
    """Say how many there are of a change, and how many of what came or went is or was stuck."""
    those = [one for one in changes if one.change is change]
    words = f"{len(those)} {_WORDS[change]}"
    stuck = sum(one.state.outlook in STUCK for one in those)
    if not stuck or change not in {Change.NEW, Change.GONE, Change.RECREATED}:
        return words
    before = ("was " if stuck == 1 else "were ") if change is Change.GONE else ""
    return f"{words} ({stuck} {before}stuck)"


def _section(change: Change, group: Sequence[Difference], out: Out, *, show_all: bool) -> None:
    out.line()
    words = _HEADS.get(change, _WORDS[change])
    out.line(f"{words[0].upper()}{words[1:]}", style=_STYLES.get(change, "bold"))
    shown = group if show_all else group[:SHOWN]
    for item in shown:
        for line in wrap(" · ".join((ref_words(item.ref), *_parts(item))), out.width, "  ", "      "):
            out.line(line)
    if len(group) > len(shown):
        out.line(f"  … {many(len(group) - len(shown), 'more object')}: add --all")


def _parts(item: Difference) -> Iterator[str]:
    """Yield how an object fared and fares, as far as that is different, and why."""
    was, now = item.was, item.now
    if was is None or now is None:
        yield item.state.outlook if now is not None else f"was {item.state.outlook}"
        yield from _cause(item.state)
    else:
        yield _arrow(was.outlook, now.outlook)
        if now.outlook in STUCK and was.outlook in STUCK:
            yield from _moved_cause(was, now)
        else:
            yield from _cause(now if now.outlook in STUCK else was)
    if item.why:
        yield escape(item.why)


def _cause(state: State) -> Iterator[str]:
    if words := _reason(state):
        yield words
    if state.attempts is not None:
        yield f"about {many(state.attempts, 'attempt')}"


def _moved_cause(was: State, now: State) -> Iterator[str]:
    yield _arrow(_reason(was), _reason(now))
    if was.attempts is None or now.attempts is None:
        return
    yield f"about {_arrow(str(was.attempts), many(now.attempts, 'attempt'))}"


def _reason(state: State) -> str:
    return escape(" ".join(filter(None, (state.finding, state.grpc_code, state.cause))))


def _arrow(old: str, new: str) -> str:
    return new if old == new or new.startswith(f"{old} attempt") else f"{old or 'no reason known'} → {new}"


def _unread(report: Report) -> str:
    words = ", ".join(f"{one.resource} ({UNREAD[one.outcome]})" for one in report.unread)
    return escape(words) if words else "nothing that a verdict needed"
