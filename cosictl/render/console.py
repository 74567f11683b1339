"""Where text goes: a stream with a width, with or without colour."""

import os
from typing import TYPE_CHECKING, TextIO

from msgspec import Struct

if TYPE_CHECKING:
    from rich.console import Console

# rich must never wrap: lines are cut here, or left whole where a program reads them.
_NO_WRAP = 100_000
# Narrower than this nothing can be read, wherever lines end.
_NARROWEST = 20


class Out(Struct, frozen=True, kw_only=True):
    """A destination: a stream, and the width in cells that text is cut to; 0 is a pipe, where nothing is.

    Colours are rich's; a stream without any has no need of it.
    """

    stream: TextIO
    console: "Console | None"
    width: int

    def line(self, text: str = "", style: str = "") -> None:
        """Print one line, already escaped, never parsed as markup."""
        if self.console is None:
            self.stream.write(text + "\n")
        else:
            self.console.print(text, style=style or None, markup=False, highlight=False, emoji=False, soft_wrap=True)


def make_out(stream: TextIO, *, color: str = "auto", width: int | None = None) -> Out:
    """Wrap a stream.

    ``color`` is auto, always or never; auto colours only a terminal, and neither under ``NO_COLOR`` nor for
    ``TERM=dumb``. ``width`` replaces the terminal's; without a terminal lines are not cut at all.
    """
    is_terminal = stream.isatty()
    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    coloured = color == "always" or (color == "auto" and is_terminal and not plain)
    if width is None:
        width = _size(stream, "COLUMNS", 0, usual=80) if is_terminal else 0
    console = _console(stream) if coloured else None
    return Out(stream=stream, console=console, width=max(_NARROWEST, width) if width else 0)


def _console(stream: TextIO) -> "Console":
    from rich.console import Console  # noqa: PLC0415 - rich loads only where something is coloured

    return Console(
        file=stream,
        force_terminal=True,
        color_system="standard",
        width=_NO_WRAP,
        legacy_windows=False,
        markup=False,
        highlight=False,
        emoji=False,
        _environ={},
    )


def height(stream: TextIO) -> int:
    """Return how many lines a terminal shows at a time; 0 is a pipe, where nobody counts them."""
    return _size(stream, "LINES", 1, usual=24) if stream.isatty() else 0


def _size(stream: TextIO, variable: str, place: int, *, usual: int) -> int:
    """One side of a terminal, as the environment or else the terminal has it."""
    given = os.environ.get(variable, "")
    if given.isdecimal() and int(given):
        return int(given)
    try:
        return os.get_terminal_size(stream.fileno())[place] or usual
    except OSError:
        return usual
