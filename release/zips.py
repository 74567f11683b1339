"""Archives whose bytes depend on names, content and one moment only."""

import gzip
import io
import stat
import tarfile
import zipfile
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

PLAIN: Final = 0o644
EXECUTABLE: Final = 0o755


def mode_of(path: Path) -> int:
    """Return the mode that a file gets: whether it is executable is all that is kept of its own."""
    return EXECUTABLE if path.stat().st_mode & stat.S_IXUSR else PLAIN


def write_zip(target: Path, members: Iterable[tuple[str, bytes, int]], *, epoch: int, packed: bool) -> None:
    """Write a zip of (name, content, mode); ``epoch`` in seconds is the time of every member."""
    moment = datetime.fromtimestamp(epoch, UTC)
    with zipfile.ZipFile(target, "w") as made:
        for name, content, mode in members:
            info = zipfile.ZipInfo(name, moment.timetuple()[:6])
            info.create_system = 3  # Unix: the upper half of the attributes is the mode.
            info.external_attr = (stat.S_IFREG | mode) << 16
            info.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
            made.writestr(info, content)


def write_tar(target: Path, members: Iterable[tuple[str, bytes, int]], *, epoch: int) -> None:
    """Write a .tar.gz of (name, content, mode); ``epoch`` in seconds is the time of every member."""
    with (
        target.open("wb") as file,
        gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=epoch) as packed,
        tarfile.open(mode="w", fileobj=packed, format=tarfile.PAX_FORMAT) as made,
    ):
        for name, content, mode in members:
            info = tarfile.TarInfo(name)
            info.size, info.mode, info.mtime = len(content), mode, epoch
            made.addfile(info, io.BytesIO(content))


def files_below(folder: Path) -> list[tuple[str, bytes, int]]:
    """Return every file below a folder, in the order of the names."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return [(path.relative_to(folder).as_posix(), path.read_bytes(), mode_of(path)) for path in found]
