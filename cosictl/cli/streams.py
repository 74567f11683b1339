"""Standard input as bytes, for dumps and logs, and remarks about what was read."""

import sys
from typing import TYPE_CHECKING, BinaryIO

from cosictl.cli.said import program, say
from cosictl.errors import DumpError

if TYPE_CHECKING:
    from cosictl.model.logs import LogWish


def standard_input() -> BinaryIO:
    """Return stdin as bytes; raises DumpError where the caller closed it."""
    if sys.stdin is None:
        raise DumpError("standard input is closed", next_step="give a file with -f, or pipe something in")
    return sys.stdin.buffer


def log_input(wish: "LogWish") -> BinaryIO | None:
    """Return stdin as bytes where a log is to be read from it; raises DumpError where the caller closed it."""
    return standard_input() if "-" in wish.files else None


def remark(words: str) -> None:
    """Say on stderr what a reader of the answer should know."""
    say(f"{program()}: {words}")
