"""Where ``classify`` gets its messages from: arguments, files and stdin, line by line."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path

from cosictl.cli.streams import standard_input
from cosictl.errors import DumpError, UsageError


def read_messages(texts: Sequence[str], files: Sequence[str]) -> Iterator[tuple[str, Iterable[str]]]:
    """Yield what to read, by name: the arguments, then the files; stdin where there is neither.

    Raises UsageError where stdin is a terminal, and DumpError, while reading, for what cannot be read.
    """
    if not texts and not files:
        if sys.stdin is None or sys.stdin.isatty():
            raise UsageError("nothing to classify", next_step="give a TEXT, -f FILE, or pipe something in")
        files = ("-",)
    if "-" in texts:
        texts, files = [text for text in texts if text != "-"], ("-", *files)
    if texts:
        yield "arguments", texts
    for path in files:
        yield ("standard input" if path == "-" else path), _lines(path)


def _lines(path: str) -> Iterator[str]:
    try:
        with nullcontext(standard_input()) if path == "-" else Path(path).open("rb") as stream:
            empty = True
            for line in stream:
                empty = False
                yield line.decode("utf-8", "replace")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise DumpError(f"{path}: cannot be read: {reason or error}", next_step="check the path") from None
    if empty and path != "-":
        raise DumpError(f"{path}: is empty", next_step="give a file with one message a line")
