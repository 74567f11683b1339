"""Where text goes: a stream with a width, with or without colour."""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import Console

# Wide enough for any line in a pipe: programs that read lines must not find them cut.
UNBOUNDED = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Out:
    """A destination: rich's console, the width that text is cut to, and whether a person is looking."""

    console: "Console"
    width: int
    is_terminal: bool

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
        width=UNBOUNDED,
        legacy_windows=False,
        markup=False,
        highlight=False,
        emoji=False,
        _environ={},
    )
    if width is None:
        width = _terminal_width(stream) if is_terminal else UNBOUNDED
    return Out(console=console, width=max(20, width), is_terminal=is_terminal)


def _terminal_width(stream: TextIO) -> int:
    columns = os.environ.get("COLUMNS", "")
    if columns.isdigit() and int(columns):
        return int(columns)
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except OSError:
        return 80
