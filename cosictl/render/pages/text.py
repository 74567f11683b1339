"""A page on a terminal or in a pipe."""

from collections.abc import Iterator

from cosictl.knowledge.blocks import Block, Kind, blocks
from cosictl.knowledge.pages import Page
from cosictl.render.console import Out
from cosictl.render.safe import escape, wrap

# Longer lines of prose are hard to read.
_PAGE = 100
# A longer term stands on a line of its own, above its meaning.
_TERM = 28


def print_page(page: Page, out: Out) -> None:
    """Print a page: a title, then headings with wrapped text; lines to be copied stay whole."""
    width = min(out.width, _PAGE)
    _heading(page.title, out, width)
    for heading, text in page.sections:
        out.line()
        _heading(heading, out, width)
        before: Kind | None = None
        for block in blocks(text):
            if before is block.kind is Kind.PROSE:
                out.line()
            before = block.kind
            for line in _lines(block, max(width - 2, 0)):
                out.line("  " + line)


def _heading(text: str, out: Out, width: int) -> None:
    for line in wrap(escape(text), width):
        out.line(line, style="bold")


def _lines(block: Block, width: int) -> Iterator[str]:
    if block.kind is Kind.ROWS:
        yield from _rows(block, width)
        return
    for line in block.lines:
        yield from [escape(line)] if block.kind is Kind.AS_IS else wrap(escape(line), width)


def _rows(block: Block, width: int) -> Iterator[str]:
    """Two columns; where the screen is narrow, each meaning below its term."""
    measure = _cells if width else len
    rows = [(escape(term), escape(meaning)) for term, meaning in block.rows]
    widest = max(measure(term) for term, _ in rows)
    column = min(widest, _TERM if not width or width >= 2 * _TERM else width // 4)
    indent = " " * (column + 2)
    for term, meaning in rows:
        room = column - measure(term)
        if room >= 0:
            yield from wrap(meaning, width, f"{term}{' ' * (room + 2)}", indent)
        else:
            yield from wrap(term, width)
            yield from wrap(meaning, width, indent, indent)


def _cells(text: str) -> int:
    from rich.cells import cell_len  # noqa: PLC0415 - rich loads only where something is drawn

    return cell_len(text)
