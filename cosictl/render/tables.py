"""Tables for ``get``, ``events`` and ``classify``."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct

from cosictl.model.failures import Classification
from cosictl.model.refs import Ref
from cosictl.model.report import Assessment
from cosictl.render.ages import age, stamp, until
from cosictl.render.console import Out
from cosictl.render.safe import ELLIPSIS, clip, escape, wrap

_GAP = 3
_NONE = "-"
# A column is not cut to less than this.
_NARROWEST = 12


class EventRow(Struct, frozen=True, kw_only=True):
    """One line of a timeline: when, about what, how often, who said it, and its words."""

    at: datetime | None
    about: Ref
    count: int
    component: str
    reason: str
    text: str


class ObjectTable:
    """A table of objects whose rows come little by little: the first of them decide how wide its columns are.

    ``wide`` adds driver, policy, flags and message; ``show_kind`` puts an object's kind before its name; with
    ``no_trunc`` nothing is cut.
    """

    def __init__(
        self,
        out: Out,
        *,
        wide: bool = False,
        show_namespace: bool = False,
        show_kind: bool = False,
        no_trunc: bool = False,
    ) -> None:
        self._out = out
        self._wide = wide
        self._show_namespace = show_namespace
        self._show_kind = show_kind
        self._width = 0 if no_trunc else out.width
        self._shape: tuple[list[int], int] | None = None
        self._is_cut = False

    def print(self, rows: Sequence[Assessment], *, now: datetime, heads: bool = True) -> None:
        """Print more rows, after the heading where it is asked for."""
        self._print(
            [
                _object_line(item, now, wide=self._wide, show_namespace=self._show_namespace, show_kind=self._show_kind)
                for item in rows
            ],
            heads=heads,
        )

    def print_gone(self, refs: Iterable[Ref]) -> None:
        """Print a row for each object that is not there any more."""
        self._print(
            [_leading(ref, "gone", show_namespace=self._show_namespace, show_kind=self._show_kind) for ref in refs],
            heads=False,
        )

    def _print(self, lines: Sequence[Sequence[str]], *, heads: bool) -> None:
        if not (lines or heads):
            return
        titles = _object_heads(wide=self._wide, show_namespace=self._show_namespace)
        shown = [titles, *([*map(escape, line), *[""] * (len(titles) - len(line))] for line in lines)]
        if self._shape is None:
            measured = shown if heads else shown[1:] or shown
            self._shape = _shape(measured, self._width)
            self._is_cut = self._shape != _shape(measured, 0)
        for number, text in enumerate(_drawn(shown, self._shape, cut=self._is_cut)):
            if number or heads:
                # A longer name that comes later is no reason to cut it, where there is room.
                self._out.line(clip(text, self._width), style="" if number else "bold")


def _object_heads(*, wide: bool, show_namespace: bool) -> list[str]:
    heads = ["NAME", "OUTLOOK", "CODE", "CAUSE", "SINCE", "ATTEMPTS", "NEXT TRY"]
    if show_namespace:
        heads.insert(0, "NAMESPACE")
    return [*heads, "DRIVER", "POLICY", "FLAGS", "MESSAGE"] if wide else heads


def object_lines(rows: Sequence[Assessment], *, now: datetime, width: int) -> list[str]:
    """Return the lines of the same table, for a view that draws itself; nothing where there is no object."""
    lines = [_object_line(item, now, wide=False, show_namespace=False, show_kind=True) for item in rows]
    heads = _object_heads(wide=False, show_namespace=False)
    for line, item in zip(lines, rows, strict=True):
        line[0] = str(item.ref)
    return _aligned([heads, *([escape(cell) for cell in line] for line in lines)], width) if lines else []


def _object_line(
    item: Assessment, now: datetime, *, wide: bool, show_namespace: bool, show_kind: bool = False
) -> list[str]:
    found = item.classification if item.outlook.value != "ready" else None
    line = [
        *_leading(item.ref, item.outlook.value, show_namespace=show_namespace, show_kind=show_kind),
        found.grpc_code.value if found is not None and found.grpc_code is not None else _NONE,
        found.cause.value if found is not None else _NONE,
        age(now - item.since) if item.since is not None else _NONE,
        f"~{item.attempts}" if item.attempts is not None else _NONE,
        until(item.next_try, now) if item.next_try is not None else _NONE,
    ]
    if wide:
        flags = ",".join(flag.value for flag in item.flags) or _NONE
        message = item.failure.text if item.failure is not None else _NONE
        line += [item.driver or _NONE, item.policy, flags, message]
    return line


def _leading(ref: Ref, outlook: str, *, show_namespace: bool, show_kind: bool) -> list[str]:
    name = f"{str(ref.kind).lower()}/{ref.name}" if show_kind else ref.name
    return [*([ref.namespace or _NONE] if show_namespace else []), name, outlook]


def print_rows(
    heads: Sequence[str], rows: Iterable[Sequence[str]], out: Out, *, no_headers: bool = False, no_trunc: bool = False
) -> None:
    """Print any table of texts."""
    _table(heads, [list(row) for row in rows], out, no_headers=no_headers, no_trunc=no_trunc)


_EVENT_HEADS = ("LAST SEEN", "OBJECT", "COUNT", "FROM", "REASON", "MESSAGE")
_INDENT = "    "


def print_events(
    rows: Sequence[EventRow], out: Out, *, now: datetime, no_headers: bool = False, no_trunc: bool = False
) -> None:
    """Print a timeline, one record a line; where that is too long for a terminal, what it says stands below."""
    lines = [
        [
            f"{stamp(row.at)} ({age(now - row.at)} ago)" if row.at is not None else "unknown",
            str(row.about),
            f"x{row.count}",
            row.component or _NONE,
            row.reason or _NONE,
            row.text,
        ]
        for row in rows
    ]
    if no_trunc or not out.width or _fits([_EVENT_HEADS, *lines], out.width):
        _table(_EVENT_HEADS, lines, out, no_headers=no_headers, no_trunc=no_trunc)
    else:
        _print_stacked(rows, out, now=now, no_headers=no_headers)


def _fits(lines: Sequence[Sequence[str]], width: int) -> bool:
    widths, gap = _shape([[escape(cell) for cell in line] for line in lines], 0)
    return sum(widths) + gap * (len(widths) - 1) <= width


def _print_stacked(rows: Sequence[EventRow], out: Out, *, now: datetime, no_headers: bool) -> None:
    lines = [
        [f"{age(now - row.at)} ago" if row.at is not None else "unknown", f"x{row.count}", escape(str(row.about))]
        for row in rows
    ]
    heads, *leads = _aligned([["LAST SEEN", "COUNT", "OBJECT"], *lines], out.width)
    if not no_headers:
        out.line(clip(heads, out.width), style="bold")
    for row, lead in zip(rows, leads, strict=True):
        out.line(clip(lead, out.width))
        said = f"{row.reason or _NONE} from {row.component or _NONE}: {row.text}"
        _print_wrapped(escape(said), out, lead=_INDENT)


def _print_wrapped(text: str, out: Out, *, lead: str = "") -> None:
    for line in wrap(text, out.width, lead, _INDENT):
        out.line(clip(line, out.width))


CLASSIFICATION_HEADS = ("RETRYABLE", "GRPC CODE", "BACKEND CODE", "CAUSE", "FIX BY", "MISMATCH", "RULE", "TEXT")
# A stream has no last line to measure the columns by, so they have widths of their own.
_STREAM_WIDTHS = (10, 19, 24, 24, 17, 9, 24)
# Less of a text says nothing.
_TEXT_WIDTH = 40


def print_classification(found: Classification, text: str, out: Out) -> None:
    """Print one classification with its text: on one line, or on a narrow terminal with the text below."""
    answer = {True: "yes", False: "no", None: "unknown"}[found.retryable]
    cells = (
        answer,
        found.grpc_code.value if found.grpc_code is not None else _NONE,
        escape(found.backend_code) if found.backend_code else _NONE,
        found.cause.value,
        found.fix_by.value,
        "yes" if found.code_mismatch else _NONE,
        found.rule,
        escape(text),
    )
    if not _is_narrow(out):
        out.line(clip(_padded(cells), out.width))
        return
    *facts, said = zip(CLASSIFICATION_HEADS, cells, strict=True)
    _print_wrapped(", ".join(f"{head.lower()}: {cell}" for head, cell in facts if cell != _NONE), out)
    _print_wrapped(said[1], out, lead=_INDENT)


def print_classifications(rows: Iterable[tuple[Classification, str]], out: Out, *, no_headers: bool = False) -> None:
    """Print classifications as they come."""
    if not (no_headers or _is_narrow(out)):
        out.line(clip(_padded(CLASSIFICATION_HEADS), out.width), style="bold")
    for found, text in rows:
        print_classification(found, text, out)


def _is_narrow(out: Out) -> bool:
    return 0 < out.width < sum(_STREAM_WIDTHS) + _TEXT_WIDTH


def _padded(cells: Sequence[str]) -> str:
    lead = "".join(
        f"{cell:<{width}}" if len(cell) < width else f"{cell} "
        for cell, width in zip(cells, _STREAM_WIDTHS, strict=False)
    )
    return lead + cells[-1]


def _table(heads: Sequence[str], lines: list[list[str]], out: Out, *, no_headers: bool, no_trunc: bool) -> None:
    safe = [[escape(cell) for cell in line] for line in lines]
    shown = safe if no_headers else [list(heads), *safe]
    if not shown:
        return
    for number, text in enumerate(_aligned(shown, 0 if no_trunc else out.width)):
        style = "bold" if number == 0 and not no_headers else ""
        out.line(text if no_trunc else clip(text, out.width), style=style)


def _aligned(lines: Sequence[Sequence[str]], width: int) -> list[str]:
    """Return the lines of a table, columns as wide as their widest cells; to fit ``width`` (0: any), these are cut."""
    return _drawn(lines, _shape(lines, width))


def _shape(lines: Sequence[Sequence[str]], width: int) -> tuple[list[int], int]:
    """How wide each column is, and the gap between two."""
    from rich.cells import cell_len  # noqa: PLC0415 - rich loads only where something is drawn

    widths = [max(cell_len(line[place]) for line in lines) for place in range(len(lines[0]))]
    return _fitted(widths, width) if width else (widths, _GAP)


def _drawn(lines: Sequence[Sequence[str]], shape: tuple[list[int], int], *, cut: bool = True) -> list[str]:
    from rich.cells import cell_len  # noqa: PLC0415 - rich loads only where something is drawn

    room, gap = shape
    fits = [[_middle(cell, most) for cell, most in zip(line, room, strict=True)] for line in lines] if cut else lines
    return [
        "".join(
            cell + " " * max(1, most - cell_len(cell) + gap) for cell, most in zip(line, room, strict=True)
        ).rstrip()
        for line in fits
    ]


def _fitted(widths: Sequence[int], width: int) -> tuple[list[int], int]:
    """Take from the widest columns, and from the gaps, what a table has too much; no column gets too narrow to tell."""
    for gap in range(_GAP, 0, -1):
        left = width - gap * (len(widths) - 1)
        # With wide gaps only what is very wide is cut.
        narrowest = _NARROWEST * gap
        for most in range(max(*widths, narrowest), narrowest - 1, -1):
            if sum(min(own, most) for own in widths) <= left:
                return [min(own, most) for own in widths], gap
    return [min(own, _NARROWEST) for own in widths], 1


def _middle(text: str, width: int) -> str:
    """Cut a cell to a width; of a name both ends tell, so its middle goes."""
    from rich.cells import cell_len  # noqa: PLC0415 - rich loads only where something is drawn

    if cell_len(text) <= width:
        return text
    if " " in text or len(text) != cell_len(text):
        return clip(text, width)
    tail = (width - 1) // 2
    return text[: width - 1 - tail] + ELLIPSIS + text[len(text) - tail :]
