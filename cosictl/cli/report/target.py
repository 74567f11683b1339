"""Where a report goes: stdout, or the file of ``--output-file``."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, TextIO

from cosictl.errors import UsageError
from cosictl.flows.writing import check_free, opened

STDOUT: Final = "-"


def check_target(path: str | None, *, force: bool) -> None:
    """Refuse a file that cannot be written before anything is read; raises UsageError, RefusedError and OutputError."""
    if path == "":
        raise UsageError("--output-file names no file", next_step="leave it out to write to stdout")
    if force and path in {None, STDOUT}:
        raise UsageError("--force is about --output-file", next_step="name the file to replace")
    if path is not None and path != STDOUT:
        check_free(path, force=force)


@contextmanager
def stream_to(path: str | None, *, force: bool) -> Iterator[TextIO]:
    """Open where the report goes: None or ``-`` is stdout. Raises RefusedError and OutputError."""
    if path is None or path == STDOUT:
        yield sys.stdout
        return
    with opened(path, force=force) as stream:
        yield stream
