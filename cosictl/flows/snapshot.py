"""Snapshot: observe, and write what was observed as a dump."""

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from cosictl.errors import DumpError
from cosictl.flows.writing import is_device
from cosictl.intake.builder import SnapshotBuilder
from cosictl.intake.dump import dump_bytes, write_dump
from cosictl.model.snapshot import Snapshot

STDOUT = "-"


def take_snapshot(load: Callable[[], tuple[SnapshotBuilder, Snapshot]], path: str, *, stdout: BinaryIO) -> Snapshot:
    """Write a masked dump of what ``load`` observes to ``path`` (``-`` is stdout), and return the observation.

    A regular file is replaced as a whole and readable by its owner only; a device or pipe is written to. Raises
    DumpError where it cannot be written; then an existing file is as it was.
    """
    builder, snapshot = load()
    if path == STDOUT:
        stdout.write(dump_bytes(builder, snapshot))
    elif is_device(Path(path)):
        _write_through(Path(path), dump_bytes(builder, snapshot))
    else:
        write_dump(path, builder, snapshot)
    return snapshot


def _write_through(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise DumpError(f"{path}: cannot be written: {error.strerror}", next_step="choose another file") from None
