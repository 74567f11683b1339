"""The text of a page's section, taken apart: prose, lists, rows of a term and its meaning, lines to be copied.

A text is plain lines, so that it can be printed as it is. Lines of one kind that follow each other belong together,
and an empty line parts them:

- a line with a tab is a row: a term, and what it means;
- a line that begins with a command, ``# `` (what the command below is for), a blank or ``|`` is to be copied as it is;
- any other line is prose: alone it is a paragraph, several are a list.
"""

from collections.abc import Iterator
from enum import StrEnum
from itertools import groupby

from msgspec import Struct

_AS_IS = (" ", "$", "kubectl ", "cosictl ", "|", "# ")


class Kind(StrEnum):
    """What a block is."""

    PROSE = "prose"
    LIST = "list"
    ROWS = "rows"
    AS_IS = "as-is"


class Block(Struct, frozen=True, kw_only=True):
    """Lines that belong together; a row has its tab in it."""

    kind: Kind
    lines: tuple[str, ...]

    @property
    def rows(self) -> tuple[tuple[str, str], ...]:
        """The terms and their meanings."""
        return tuple((term, meaning) for term, _, meaning in (line.partition("\t") for line in self.lines))


def blocks(text: str) -> Iterator[Block]:
    """Take a text apart, in its order."""
    for kind, group in groupby(text.splitlines(), key=_kind):
        lines = tuple(group)
        if kind is not None:
            yield Block(kind=Kind.LIST if kind is Kind.PROSE and len(lines) > 1 else kind, lines=lines)


def row(term: str, meaning: str) -> str:
    """A line of a text that is a row."""
    return f"{term}\t{meaning}"


def _kind(line: str) -> Kind | None:
    """What a line is; None for an empty one."""
    if "\t" in line:
        return Kind.ROWS
    if line.startswith(_AS_IS):
        return Kind.AS_IS
    return Kind.PROSE if line else None
