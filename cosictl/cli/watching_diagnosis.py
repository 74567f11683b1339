"""``diagnose -w``: what gets stuck and what gets better, as it happens.

On a terminal a view that stays: the counts, what is not ready with its next tries counting down, the last changes. In a
pipe a line for each change, with ``-o jsonl`` a JSON object a line.
"""

# ruff: noqa: PLC0415 - libraries load when a command needs them, so that --help stays light

import os
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Final

from cosictl.cli.options import Shared
from cosictl.cli.output import Format, output
from cosictl.model.failures import Cause
from cosictl.model.refs import Ref
from cosictl.model.report import SEVERITY, Assessment, Flag, Outlook, Report
from cosictl.model.snapshot import Snapshot

if TYPE_CHECKING:
    from cosictl.cli.watching import Watch

_SHOWN_CHANGES: Final = 5
_TICK_SECONDS: Final = 1.0
_SHARE: Final = 9.0
_SLOW_SECONDS: Final = 1.0
# To the upper left, and nothing below: the view is drawn over itself.
_DRAWN_OVER: Final = "\x1b[H\x1b[J"
_LOOP_ENDED: Final = "COSI206"
_GIVEN_UP: Final = frozenset({Outlook.PARKED, Outlook.STALLED})
_OVER: Final = _GIVEN_UP | {Outlook.READY, Outlook.WAITING}


@dataclass(frozen=True, slots=True)
class Seen:
    """What is remembered of an object: a change of any of it is told. ``code`` is its finding's.

    ``has_failed``: a failure is recorded on it.
    """

    uid: str
    outlook: Outlook
    code: str
    cause: Cause | None
    is_going: bool
    has_failed: bool = field(compare=False)

    @property
    def is_loop(self) -> bool:
        """Whether it is tried again and again; what was only just begun is not."""
        return self.outlook is Outlook.LOOPING or (self.outlook is Outlook.RETRYING and self.has_failed)


@dataclass(frozen=True, slots=True)
class Change:
    """One object that is not as it was; ``item`` is None where it is gone, ``was`` where it is new."""

    at: datetime
    ref: Ref
    was: Seen | None
    item: Assessment | None
    code: str

    @property
    def loop_stopped(self) -> bool:
        """Whether somebody tried again and again before, and nobody does now."""
        if self.was is None or not self.was.is_loop:
            return False
        if self.item is None or self.code == _LOOP_ENDED:
            return True
        # What had a chance and succeeded was no loop.
        return self.item.outlook in (_OVER if self.was.outlook is Outlook.LOOPING else _GIVEN_UP)

    @property
    def words(self) -> str:
        """The change in words."""
        before = [f"was {self.was.outlook}"] if self.was is not None else []
        if self.loop_stopped:
            before.append("its loop stopped")
        if self.item is None:
            return f"gone ({', '.join(before)})"
        if self.was is not None and self.was.uid != self.item.uid:
            before.append("made anew")
        elif self.was is not None and self.was.outlook is self.item.outlook:
            before = [f"was {self.was.code}"] if self.was.code not in ("", self.code) else []
        going = "being deleted, " if Flag.TERMINATING in self.item.flags else ""
        cause = f" {self.item.classification.cause}" if self.item.classification and self.code else ""
        told = f"{going}{self.item.outlook} {self.code}{cause}".rstrip()
        return f"{told} ({', '.join(before)})" if before else told


def seen(report: Report) -> dict[Ref, Seen]:
    """Return what is to be remembered of a report. Pure."""
    codes = _codes(report)
    return {
        item.ref: Seen(
            uid=item.uid,
            outlook=item.outlook,
            code=codes.get(item.ref, ""),
            cause=item.classification.cause if item.classification is not None else None,
            is_going=Flag.TERMINATING in item.flags,
            has_failed=item.failure is not None,
        )
        for item in report.objects
    }


def changes(before: Mapping[Ref, Seen], report: Report) -> list[Change]:
    """Return what is different from ``before``; what is new and fine is none, nor is anything that waits. Pure."""
    codes, now = _codes(report), seen(report)
    found = []
    for item in report.objects:
        was = before.get(item.ref)
        calm = item.outlook in {Outlook.READY, Outlook.WAITING}
        if now[item.ref] != was and not (was is None and calm):
            found.append(Change(report.taken_at, item.ref, was, item, codes.get(item.ref, "")))
    found += [Change(report.taken_at, ref, was, None, "") for ref, was in before.items() if ref not in now]
    return sorted(found, key=lambda change: change.ref)


def _codes(report: Report) -> dict[Ref, str]:
    """The finding that tells of an object's own outlook."""
    outlooks = {item.ref: item.outlook for item in report.objects}
    return {one.root: one.code for one in reversed(report.findings) if outlooks.get(one.root) is one.outlook}


def watch_diagnosis(
    watched: "Watch",
    diagnose: Callable[[Callable[[], Snapshot]], Report],
    shared: Shared,
    chosen: Format,
    interval: float,
) -> None:
    """Diagnose whenever something changes, and show it, until somebody interrupts. ``interval`` is in seconds."""
    is_view = chosen is Format.TEXT and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    show = _View(shared, watched).show if is_view else partial(_print_lines, chosen)
    before: dict[Ref, Seen] = {}
    look = watched.first
    while True:
        start = time.monotonic()
        _, snapshot = look()
        report = diagnose(partial(_same, snapshot))
        show(report, changes(before, report))
        before = seen(report)
        look = watched.look
        took = time.monotonic() - start
        if took > _SLOW_SECONDS:
            time.sleep(took * _SHARE)
        watched.wait(min(interval, _TICK_SECONDS) if is_view else interval)


def _same(snapshot: Snapshot) -> Snapshot:
    return snapshot


def _print_lines(chosen: Format, report: Report, found: Sequence[Change]) -> None:
    """Print a line for each change."""
    del report
    for change in found:
        if chosen is Format.JSONL:
            _print_json(change)
        else:
            sys.stdout.write(_line(change) + "\n")
    sys.stdout.flush()


def _print_json(change: Change) -> None:
    from cosictl.render.ages import stamp
    from cosictl.render.document import object_document
    from cosictl.render.machine import dump_jsonl

    kind, namespace, name = str(change.ref.kind), change.ref.namespace, change.ref.name
    known = object_document(change.item) if change.item is not None else {"outlook": "gone"}
    ref = {"kind": kind, "namespace": namespace, "name": name}
    was = change.was
    told = {
        "at": stamp(change.at),
        "was": was and was.outlook,
        "wasFinding": (was and was.code) or None,
        "finding": change.code or None,
        "loopStopped": change.loop_stopped,
    }
    dump_jsonl({**ref, **known, **told}, sys.stdout)


class _View:
    """A screen that is drawn anew every second, so that next tries count down."""

    def __init__(self, shared: Shared, watched: "Watch") -> None:
        self._shared = shared
        self._watched = watched
        self._last: deque[Change] = deque(maxlen=_SHOWN_CHANGES)

    def show(self, report: Report, found: Iterable[Change]) -> None:
        """Draw the view."""
        self._last.extend(found)
        self._draw(report, report.taken_at)

    def _draw(self, report: Report, now: datetime) -> None:
        from cosictl.render.ages import clock
        from cosictl.render.lines import many
        from cosictl.render.safe import clip, escape
        from cosictl.render.tables import object_lines

        # Terminals change their size.
        out, rows = output(self._shared), os.get_terminal_size(sys.stdout.fileno()).lines - 1
        counts = Counter(item.outlook for item in report.objects)
        told = "   ".join(f"{counts[outlook]} {outlook}" for outlook in Outlook if counts[outlook])
        lines = [f"{many(len(report.objects), 'object')}, {clock(now)}   {told or 'nothing to judge'}"]
        lines += [f"no news since then: {escape(words)}" for words in self._watched.troubles[:1]]
        lines += [f"not read: {names}" for names in _unread(report)] + [""]
        ending = ["", *map(_line, self._last)] if self._last else []
        troubled = [item for item in report.objects if item.outlook not in {Outlook.READY, Outlook.WAITING}]
        troubled.sort(key=lambda item: SEVERITY.index(item.outlook))
        room = max(1, rows - len(lines) - len(ending) - 2)
        lines += object_lines(troubled[:room], now=now, width=out.width)
        if len(troubled) > room:
            lines.append(f"… {len(troubled) - room} more")
        shown = [clip(line, out.width) for line in (*lines, *ending)]
        out.stream.write(_DRAWN_OVER + "\n".join(shown[:rows]) + "\n")
        out.stream.flush()


def _unread(report: Report) -> list[str]:
    """Name what could not be read, in one line, or say nothing."""
    names = dict.fromkeys(f"{status.resource} ({status.outcome})" for status in report.unread)
    return [", ".join(names)] if names else []


def _line(change: Change) -> str:
    from cosictl.render.ages import clock
    from cosictl.render.safe import escape

    return f"{clock(change.at)} {change.words}: {escape(str(change.ref))}"
