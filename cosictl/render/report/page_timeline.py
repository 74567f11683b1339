"""The timeline of attempts as a picture: what was recorded when, how often, and when the next try is estimated.

Places across are percent of the width, so that one picture fits every screen; those down are pixels.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from math import log1p
from typing import Final

from msgspec import Struct

from cosictl.model.account import Account
from cosictl.model.failures import Failure
from cosictl.model.refs import Ref
from cosictl.model.report import SEVERITY, Assessment, Outlook
from cosictl.render.ages import age, clock, stamp, until
from cosictl.render.lines import many
from cosictl.render.report.element import Markup, each, tag
from cosictl.render.report.pieces import cut_middle, name_of, note, path_of, table

ROWS: Final = 48
# Of one finding: many that loop alike must not crowd out the others.
ALIKE: Final = 8
RECORDS: Final = 6
_ROW: Final = 40
_HEAD: Final = 26
_NAME: Final = 32
# Where "as of" stands: what is right of it has not happened yet.
_NOW: Final = 84.0
# And where it begins: half a dot would be cut off at the edge itself.
_EDGE: Final = 1.0
# A longer time is drawn with a scale that gives the last minutes more room.
_LINEAR_SECONDS: Final = 7200.0
_FINE_SECONDS: Final = 60.0
_TICKS: Final = (60.0, 600.0, 3600.0, 6 * 3600.0, 86400.0, 7 * 86400.0, 30 * 86400.0, 365 * 86400.0)


class Row(Struct, frozen=True, kw_only=True):
    """One object with its records that have a time, the newest first."""

    ref: Ref
    item: Assessment
    code: str
    records: tuple[Failure, ...]

    @property
    def counted(self) -> int:
        """How often its records say it failed."""
        return sum(record.count for record in self.records)


class Scale(Struct, frozen=True, kw_only=True):
    """Where moments stand across, in percent: ``start`` at 0, ``now`` at 84, ``end`` at the right edge."""

    start: datetime
    now: datetime
    end: datetime

    @property
    def span(self) -> float:
        """How long before now it begins, in seconds."""
        return max(1.0, (self.now - self.start).total_seconds())

    @property
    def is_linear(self) -> bool:
        """Whether equal times are equally long."""
        return self.span <= _LINEAR_SECONDS

    def at(self, moment: datetime) -> float:
        """Return the place of a moment."""
        back = (self.now - moment).total_seconds()
        if back < 0:
            future = max(1.0, (self.end - self.now).total_seconds())
            return min(100.0, _NOW + -back / future * (97.0 - _NOW))
        return _EDGE + max(0.0, (_NOW - _EDGE) * (1 - self.part(back)))

    def part(self, back: float) -> float:
        """Return where an age in seconds stands between now (0) and the beginning (1)."""
        return back / self.span if self.is_linear else log1p(back / _FINE_SECONDS) / log1p(self.span / _FINE_SECONDS)

    def ticks(self) -> Iterator[float]:
        """Yield the ages that are written at the top, in seconds."""
        if self.is_linear:
            yield from (self.span, self.span * 0.55)
        else:
            # Those that stand too close to their neighbours would be written over each other.
            left = -1.0
            for back in sorted((one for one in (*_TICKS, self.span) if one <= self.span), reverse=True):
                place = self.at(self.now - timedelta(seconds=back))
                if (left < 0 or place - left >= 20) and place < _NOW - 18:
                    left = place
                    yield back


def timeline(told: Account) -> Markup:
    """Return the picture, how to read it, and the same as a table."""
    rows = _rows(told)
    shown = _chosen(rows)
    if not shown:
        return note("No failure record has a time, so there is nothing to draw.")
    moments = [moment for row in shown for record in row.records for moment in (record.first, record.last) if moment]
    tries = [row.item.next_try for row in shown if row.item.next_try is not None]
    now = told.report.taken_at
    scale = Scale(start=min(*moments, now), now=now, end=max([*tries, now]))
    kind = "Time runs evenly." if scale.is_linear else "The scale is logarithmic: the last minutes have the most room."
    left = len(rows) - len(shown)
    more = f" {many(left, 'more object')} with records not drawn." if left else ""
    legend = tag(
        "p",
        tag("strong", "Recorded: "),
        "a filled dot is the first or last record, the bar between them the time they cover; \u00d7 is how often they "
        "were counted, which is a lower bound. ",
        tag("strong", "Estimated: "),
        "a hollow dot right of the line is when the sidecar's backoff makes the next try due, and ~ is how often it "
        f"tried by that. The line is {clock(now)}, when this was observed. {kind}{more}",
        class_="note",
    )
    words = f"{many(len(shown), 'object')} with failure records from {stamp(scale.start)} to {stamp(now)}"
    data = tag("details", tag("summary", "The same as a table"), _data(shown, told))
    return each((legend, tag("figure", _picture(shown, scale, words), class_="timeline"), data))


def _rows(told: Account) -> list[Row]:
    codes = {finding.root: finding.code for finding in reversed(told.report.findings)}
    rows = []
    for item in told.report.objects:
        records = tuple(one for one in told.records.get(item.ref, ()) if one.first is not None or one.last is not None)
        if records:
            rows.append(Row(ref=item.ref, item=item, code=codes.get(item.ref, ""), records=records))
    return sorted(rows, key=lambda row: (SEVERITY.index(row.item.outlook), row.code, row.ref))


def _chosen(rows: Sequence[Row]) -> list[Row]:
    seen: Mapping[tuple[Outlook, str], list[Row]] = defaultdict(list)
    for row in rows:
        seen[row.item.outlook, row.code].append(row)
    return [row for some in seen.values() for row in some[:ALIKE]][:ROWS]


def _picture(rows: Sequence[Row], scale: Scale, words: str) -> Markup:
    height = _HEAD + _ROW * len(rows) + 6
    return tag(
        "svg",
        tag("title", words, id="timeline-words"),
        *_axis(scale, height),
        *(part for place, row in enumerate(rows) for part in _drawn(row, scale, _HEAD + place * _ROW)),
        width="100%",
        height=height,
        role="img",
        aria_labelledby="timeline-words",
    )


def _axis(scale: Scale, height: int) -> Iterator[Markup]:
    for back in scale.ticks():
        place = scale.at(scale.now - timedelta(seconds=back))
        anchor = "start" if place < 4 else "middle"
        yield tag("line", x1=f"{place:.2f}%", x2=f"{place:.2f}%", y1=18, y2=height, class_="tick")
        yield tag(
            "text", f"-{age(timedelta(seconds=back))}", x=f"{place:.2f}%", y=12, text_anchor=anchor, class_="tick"
        )
    yield tag("line", x1=f"{_NOW}%", x2=f"{_NOW}%", y1=18, y2=height, class_="now")
    yield tag("text", "as of", x=f"{_NOW - 0.5}%", y=12, text_anchor="end", class_="tick")
    yield tag("text", "estimate", x="100%", y=12, text_anchor="end", class_="tick")


def _drawn(row: Row, scale: Scale, top: int) -> Iterator[Markup]:
    item = row.item
    tries = f" ~{item.attempts}" if item.attempts is not None and item.next_try is not None else ""
    yield tag("text", cut_middle(path_of(row.ref), _NAME), x="0", y=top + 14, class_="name")
    yield tag("text", f"{row.counted}\u00d7{tries}", x="100%", y=top + 14, text_anchor="end", class_="count")
    middle = top + 26
    yield tag("line", x1="0", x2="100%", y1=middle, y2=middle, class_="track")
    marks: list[Markup] = []
    for record in row.records[:RECORDS]:
        marks += _marks(record, scale, middle)
    if item.next_try is not None:
        due = scale.at(max(item.next_try, scale.now))
        words = f"estimated: next try {until(item.next_try, scale.now)}"
        marks.append(tag("circle", tag("title", words), cx=f"{due:.2f}%", cy=middle, r=5, class_="due"))
    yield tag("g", *marks, class_=item.outlook.value)


def _marks(record: Failure, scale: Scale, middle: int) -> Iterator[Markup]:
    first, last = record.first or record.last, record.last or record.first
    assert first is not None
    assert last is not None
    here, there = scale.at(first), scale.at(last)
    words = (
        f"recorded: {record.reason or record.carrier.value}, counted {record.count}, {stamp(first)} to {stamp(last)}"
    )
    if there > here:
        yield tag("line", x1=f"{here:.2f}%", x2=f"{there:.2f}%", y1=middle, y2=middle, class_="bar")
        yield tag("circle", cx=f"{here:.2f}%", cy=middle, r=4)
    yield tag("circle", tag("title", words), cx=f"{there:.2f}%", cy=middle, r=4)


def _data(rows: Sequence[Row], told: Account) -> Markup:
    now = told.report.taken_at
    cells = [
        (
            name_of(row.ref),
            row.code or "-",
            record.reason or record.carrier.value,
            stamp(record.first) or "-",
            stamp(record.last) or "-",
            f"{record.count}",
            f"~{row.item.attempts}" if row.item.attempts is not None and row.item.next_try is not None else "-",
            until(row.item.next_try, now) if row.item.next_try is not None else "none is known",
        )
        for row in rows
        for record in row.records[:RECORDS]
    ]
    heads = ("Object", "Finding", "Record", "First", "Last", "Counted", "Tries (estimate)", "Next (estimate)")
    return table(heads, cells, caption="Failure records", numbers=(5, 6))
