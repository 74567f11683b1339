"""Recorded calls for ``sidecars measure``: files and standard input, line by line."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Final

from cosictl.cli.streams import standard_input
from cosictl.errors import DumpError

_LONGEST_LINE: Final = 1024 * 1024


def read_calls(files: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Yield lines with where they stand (``FILE: line 3``); raises DumpError for what cannot be read."""
    for path in files:
        name = "standard input" if path == "-" else path
        with ExitStack() as stack:
            try:
                stream = standard_input() if path == "-" else stack.enter_context(Path(path).open("rb"))
                numbers = count(1)
                while line := stream.readline(_LONGEST_LINE + 1):
                    where = f"{name}: line {next(numbers)}"
                    if len(line) > _LONGEST_LINE:
                        raise DumpError(f"{where}: it is longer than {_LONGEST_LINE} bytes")
                    yield where, line
            except (OSError, ValueError) as error:
                reason = error.strerror if isinstance(error, OSError) else None
                raise DumpError(f"{name}: cannot be read: {reason or error}", next_step="check the path") from None
