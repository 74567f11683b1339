"""Where ``classify`` gets its messages from: arguments, files and stdin, line by line."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from io import BufferedIOBase
from pathlib import Path
from typing import Final, cast

from cosictl.cli.streams import standard_input
from cosictl.errors import DumpError, UsageError

_PIECE_BYTES: Final = 64 * 1024


def read_messages(texts: Sequence[str], files: Sequence[str]) -> Iterator[tuple[str, Iterable[Sequence[bytes]]]]:
    """Yield what to read, by name, in batches of lines: the arguments, then the files; stdin where there is neither.

    Raises UsageError where stdin is a terminal, and DumpError, while reading, for what cannot be read.
    """
    if not texts and not files:
        if sys.stdin is None or sys.stdin.isatty():
            raise UsageError("nothing to classify", next_step="give a TEXT, -f FILE, or pipe something in")
        files = ("-",)
    if "-" in texts:
        texts, files = [text for text in texts if text != "-"], ("-", *files)
    if texts:
        yield "arguments", [[text.encode("utf-8", "surrogateescape") for text in texts]]
    for path in files:
        yield ("standard input" if path == "-" else path), _lines(path)


def _opened(path: str) -> AbstractContextManager[BufferedIOBase]:
    # A BinaryIO by its annotation, and a buffered stream in truth.
    return nullcontext(cast("BufferedIOBase", standard_input())) if path == "-" else Path(path).open("rb")


def _lines(path: str) -> Iterator[Sequence[bytes]]:
    """Yield the lines of a file as they come: whoever follows a log wants the answer to what is there now."""
    try:
        with _opened(path) as stream:
            empty, rest = True, b""
            while piece := stream.read1(_PIECE_BYTES):
                empty = False
                *lines, rest = (rest + piece).split(b"\n") if b"\n" in piece else (rest + piece,)
                yield lines
            yield [rest] if rest else []
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise DumpError(f"{path}: cannot be read: {reason or error}", next_step="check the path") from None
    if empty and path != "-":
        raise DumpError(f"{path}: is empty", next_step="give a file with one message a line")
