"""Markdown by construction: foreign words cannot become markup, a link, a mention, or a row of a table.

In: words, escaped or not. Out: Markdown as forges and ticket systems read it (CommonMark with tables). What could be
read as anything but words goes into code spans, where nothing is.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from cosictl.render.safe import ELLIPSIS, escape

# A word that every dialect prints as it is: no markup, no reference of a forge (@user, #12, !3, $4, GH-5), no address.
_PLAIN: Final = re.compile(r"(?!GH-\d)(?!www\.)[(“\"']*[A-Za-z0-9À-ɏ.,;:()“”\"'/…—·←→%+=?!-]+", re.IGNORECASE)
_ADDRESS: Final = re.compile(r"://|www\.|:[\w+-]+:|^[!%+=-]|^\d+[.)]$", re.IGNORECASE)
# An estimate of ours: ~12s. Not the strike-through that two of them could be.
_ABOUT: Final = re.compile(r"\(?~\d+[smhdy]?(?:\d+[smhd])?[).,]*")
_TICKS: Final = re.compile(r"`+")


def plain(words: str) -> str:
    """Return words as running text; those that any dialect could take for markup stand in code spans."""
    parts: list[str] = []
    odd: list[str] = []
    for word in escape(words).split():
        if is_plain(word) or _ABOUT.fullmatch(word):
            parts += [code(" ".join(odd))] if odd else []
            odd.clear()
            parts.append(word.replace("~", "\\~"))
        else:
            odd.append(word)
    parts += [code(" ".join(odd))] if odd else []
    return " ".join(parts)


def is_plain(word: str) -> bool:
    """Tell whether a word is only a word, in every dialect."""
    return _PLAIN.fullmatch(word) is not None and _ADDRESS.search(word) is None


def code(words: str, *, most: int = 0) -> str:
    """Return words as a code span, cut after ``most`` characters (0: never); nothing is a dash.

    A pipe is spelled out: dialects disagree on how a table may hold one.
    """
    shown = " ".join(escape(words).replace("|", "\\x7c").split())
    if most and len(shown) > most:
        shown = shown[: most - 1].rstrip() + ELLIPSIS
    if not shown:
        return "-"
    longest = max((len(run) for run in _TICKS.findall(shown)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if "`" in (shown[0], shown[-1]) else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def block(lines: Iterable[str], language: str = "sh") -> str:
    """Return lines as a fenced block that they cannot end; each stays one line."""
    shown = [escape(line) for line in lines]
    longest = max((len(run) for line in shown for run in _TICKS.findall(line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}{language}", *shown, fence])


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of cells that are Markdown already and hold no pipe; a column of numbers ends its head with >."""
    line = "|".join("---:" if head.endswith(">") else "---" for head in heads)
    cells = [" | ".join(row) for row in ([head.rstrip(">") for head in heads], *rows)]
    return "\n".join([f"| {cells[0]} |", f"|{line}|", *(f"| {cell} |" for cell in cells[1:])])
