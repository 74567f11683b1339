"""Report diff: read two observations or saved reports, conclude, and compare."""

import io
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from cosictl.diagnosis.differences import differences
from cosictl.diagnosis.report import diagnose
from cosictl.errors import DumpError, UsageError
from cosictl.intake.files import STDIN, read_dump
from cosictl.intake.report_file import HEAD_BYTES, may_be_report, read_report
from cosictl.model.differences import Differences, Side
from cosictl.model.report import Report


def compare_files(paths: Sequence[str], *, stdin: BinaryIO | None, clock: datetime) -> Differences:
    """Return what is different between two files, the older first; ``-`` is ``stdin``.

    Each is a dump, as ``-f`` reads it, which is diagnosed first, or a report saved with ``diagnose -o json``.
    ``clock`` is the time to assume for files that hold none. Raises UsageError and DumpError.
    """
    old, new = paths
    if old == new == STDIN:
        raise UsageError("only one of OLD and NEW can be standard input", next_step="give a file for the other")
    return differences(_side(old, stdin, clock), _side(new, stdin, clock))


def _side(path: str, stdin: BinaryIO | None, clock: datetime) -> Side:
    given = stdin.read() if path == STDIN and stdin is not None else None
    report = _saved(path, given)
    if report is not None:
        return Side(report=report, reads=report.unread, saved=True)
    try:
        snapshot = read_dump([path], stdin=None if given is None else io.BytesIO(given), clock=clock)
    except DumpError as error:
        error.next_step = "give dumps (cosictl snapshot), or diagnoses saved with cosictl diagnose -o json"
        raise
    return Side(report=diagnose(snapshot), reads=snapshot.reads, saved=False)


def _saved(path: str, given: bytes | None) -> Report | None:
    """Return the report that a file holds; None where it holds something else, or cannot be read at all."""
    if given is not None:
        return read_report(given, origin="standard input") if may_be_report(given) else None
    try:
        # Never a pipe or a device: what is read from one is gone for who reads it next.
        if not Path(path).is_file():
            return None
        with Path(path).open("rb") as file:
            head = file.read(HEAD_BYTES)
            return read_report(head + file.read(), origin=path) if may_be_report(head) else None
    except (OSError, ValueError):
        # Whoever reads it as a dump says what is wrong.
        return None
