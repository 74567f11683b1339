"""Labelled lines, as screens about drivers and sidecars have them: a label, then words wrapped under themselves."""

from collections.abc import Iterable, Sequence
from typing import Final

from cosictl.model.refs import Ref
from cosictl.render.console import Out
from cosictl.render.safe import escape, wrap

LABEL: Final = 16
NAMED: Final = 3


def labelled(out: Out, label: str, words: str, *, margin: str = "  ", room: int = LABEL, style: str = "") -> None:
    """Print a label and foreign or own words behind it; ``room`` is how many columns the label has."""
    lead = f"{margin}{label:<{room}}"
    for line in wrap(escape(words), out.width, lead, " " * len(lead)):
        out.line(line, style=style)


def bullets(out: Out, label: str, texts: Iterable[str]) -> None:
    """Print several texts, each on lines of its own, under one label."""
    for number, text in enumerate(texts):
        labelled(out, label if number == 0 else "", f"- {text}")


def names_of(refs: Iterable[Ref], *, show_all: bool = False) -> str:
    """Name some objects, three of them unless all are asked for."""
    found = list(refs)
    shown = found if show_all else found[:NAMED]
    words = ", ".join(f"{ref.kind} {ref.namespace + '/' if ref.namespace else ''}{ref.name}" for ref in shown)
    return words if len(shown) == len(found) else f"{words} and {len(found) - len(shown)} more"


def many(count: int, word: str, plural: str = "") -> str:
    """Return a number with its noun; ``plural`` where it is not the word with an s."""
    return f"{count} {word if count == 1 else plural or word + 's'}"


def filled(pieces: Sequence[str], width: int) -> list[str]:
    """Join pieces by three blanks into lines of a width in cells; 0 is one line."""
    lines = [pieces[0]]
    for piece in pieces[1:]:
        if width and len(lines[-1]) + 3 + len(piece) > width:
            lines.append(piece)
        else:
            lines[-1] += "   " + piece
    return lines
