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
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Final

from cosictl.cli.options import Shared
from cosictl.cli.output import Format, output
from cosictl.model.refs import Ref
from cosictl.model.report import Assessment, Outlook, Report
from cosictl.model.snapshot import Snapshot

if TYPE_CHECKING:
    from cosictl.cli.watching import Watch

_SHOWN_CHANGES: Final = 5
_TICK_SECONDS: Final = 1.0
_SHARE: Final = 9.0
_SLOW_SECONDS: Final = 1.0
# To the upper left, and nothing below: the view is drawn over itself.
_OVER: Final = "\x1b[H\x1b[J"


@dataclass(frozen=True, slots=True)
class Change:
    """One object whose outlook is another than before; ``item`` is None where it is gone, ``was`` where it is new."""

    at: datetime
    ref: Ref
    was: Outlook | None
    item: Assessment | None
    code: str

    @property
    def words(self) -> str:
        """The change in words."""
        if self.item is None:
            return f"gone (was {self.was})"
        cause = f" {self.item.classification.cause}" if self.item.classification and self.code else ""
        was = f" (was {self.was})" if self.was is not None else ""
        return f"{self.item.outlook}{was} {self.code}{cause}".rstrip()


def changes(before: Mapping[Ref, Outlook], report: Report) -> list[Change]:
    """Return what is different from ``before``; what is new and fine is none, nor is anything that waits. Pure."""
    codes = {finding.root: finding.code for finding in report.findings}
    found = []
    for item in report.objects:
        was = before.get(item.ref)
        calm = item.outlook in {Outlook.READY, Outlook.WAITING}
        if item.outlook is not was and not (was is None and calm):
            found.append(Change(report.taken_at, item.ref, was, item, codes.get(item.ref, "")))
    there = {item.ref for item in report.objects}
    found += [Change(report.taken_at, ref, was, None, "") for ref, was in before.items() if ref not in there]
    return sorted(found, key=lambda change: change.ref)


def watch_diagnosis(
    watched: "Watch",
    diagnose: Callable[[Callable[[], Snapshot]], Report],
    shared: Shared,
    chosen: Format,
    interval: float,
) -> None:
    """Diagnose whenever something changes, and show it, until somebody interrupts. ``interval`` is in seconds."""
    is_view = chosen is Format.TEXT and sys.stdout.isatty()
    show = _View(shared).show if is_view else partial(_print_lines, chosen)
    before: dict[Ref, Outlook] = {}
    look = watched.first
    while True:
        start = time.monotonic()
        _, snapshot = look()
        report = diagnose(partial(_same, snapshot))
        show(report, changes(before, report))
        before = {item.ref: item.outlook for item in report.objects}
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
    told = {"at": stamp(change.at), "was": change.was, "finding": change.code or None}
    dump_jsonl({**ref, **known, **told}, sys.stdout)


class _View:
    """A screen that is drawn anew every second, so that next tries count down."""

    def __init__(self, shared: Shared) -> None:
        self._out = output(shared)
        self._last: deque[Change] = deque(maxlen=_SHOWN_CHANGES)

    def show(self, report: Report, found: Iterable[Change]) -> None:
        """Draw the view."""
        self._last.extend(found)
        self._draw(report, report.taken_at)

    def _draw(self, report: Report, now: datetime) -> None:
        from cosictl.render.ages import clock
        from cosictl.render.lines import many
        from cosictl.render.safe import clip
        from cosictl.render.tables import object_lines

        rows = os.get_terminal_size(sys.stdout.fileno()).lines - 1
        counts = Counter(item.outlook for item in report.objects)
        told = "   ".join(f"{counts[outlook]} {outlook}" for outlook in Outlook if counts[outlook])
        lines = [f"{many(len(report.objects), 'object')}, {clock(now)}   {told or 'nothing to judge'}", ""]
        ending = ["", *map(_line, self._last)] if self._last else []
        troubled = [item for item in report.objects if item.outlook not in {Outlook.READY, Outlook.WAITING}]
        room = max(1, rows - len(lines) - len(ending) - 2)
        lines += object_lines(troubled[:room], now=now, width=self._out.width)
        if len(troubled) > room:
            lines.append(f"… {len(troubled) - room} more")
        shown = [clip(line, self._out.width) for line in (*lines, *ending)]
        self._out.stream.write(_OVER + "\n".join(shown[:rows]) + "\n")
        self._out.stream.flush()


def _line(change: Change) -> str:
    from cosictl.render.ages import clock
    from cosictl.render.safe import escape

    return f"{clock(change.at)} {change.words}: {escape(str(change.ref))}"
