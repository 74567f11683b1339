"""Where text goes: a stream with a width, with or without colour."""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import Console

# rich must never wrap: lines are cut here, or left whole where a program reads them.
_NO_WRAP = 100_000
# Narrower than this nothing can be read, wherever lines end.
_NARROWEST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Out:
    """A destination: rich's console, and the width in cells that text is cut to; 0 is a pipe, where nothing is."""

    console: "Console"
    width: int

    def line(self, text: str = "", style: str = "") -> None:
        """Print one line, already escaped, never parsed as markup."""
        self.console.print(text, style=style or None, markup=False, highlight=False, emoji=False, soft_wrap=True)


def make_out(stream: TextIO, *, color: str = "auto", width: int | None = None) -> Out:
    """Wrap a stream.

    ``color`` is auto, always or never; auto colours only a terminal, and neither under ``NO_COLOR`` nor for
    ``TERM=dumb``. ``width`` replaces the terminal's; without a terminal lines are not cut at all.
    """
    from rich.console import Console  # noqa: PLC0415 - rich loads only where something is drawn

    is_terminal = stream.isatty()
    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    coloured = color == "always" or (color == "auto" and is_terminal and not plain)
    console = Console(
        file=stream,
        force_terminal=coloured,
        color_system="standard" if coloured else None,
        no_color=not coloured,
        width=_NO_WRAP,
        legacy_windows=False,
        markup=False,
        highlight=False,
        emoji=False,
        _environ={},
    )
    if width is None:
        width = _terminal_width(stream) if is_terminal else 0
    return Out(console=console, width=max(_NARROWEST, width) if width else 0)


def _terminal_width(stream: TextIO) -> int:
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns):
        return int(columns)
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except OSError:
        return 80
