"""Writing: a file whole or not at all, and never over another one unasked."""

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, TextIO

from cosictl.errors import OutputError, RefusedError

# For everybody to read, as far as the user's umask allows.
_MODE: Final = 0o644
# What file systems answer that know no second name for a file.
_NO_LINKS: Final = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})


def is_device(path: Path) -> bool:
    """Tell whether a path is something to write through, such as a pipe, and not a file to replace."""
    # Replacing /dev/null by a file would be a bad surprise for the whole machine.
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def check_free(path: str, *, force: bool) -> None:
    """Refuse a file that is there already; raises RefusedError, and OutputError where no file can be made there.

    Asked before anything is read, so that nobody waits for what cannot be written.
    """
    target = Path(path)
    if is_device(target):
        return
    if target.is_dir():
        raise OutputError(f"{path}: is a folder", next_step="name a file in it")
    if not force and os.path.lexists(target):
        raise _taken(path)
    if not target.parent.is_dir():
        raise OutputError(f"{path}: cannot be written: no such folder", next_step=f"make {target.parent} first")


@contextmanager
def opened(path: str, *, force: bool = False) -> Iterator[TextIO]:
    """Open a text file in UTF-8 that gets its name when all of it is written; a device or pipe is written through.

    Raises RefusedError where a file of that name is there and ``force`` is not given, and OutputError where it cannot
    be written; then nothing is left, and an existing file is as it was.
    """
    check_free(path, force=force)
    try:
        if is_device(Path(path)):
            with Path(path).open("w", encoding="utf-8", newline="") as stream:
                yield stream
            return
        # Not a link is replaced but what it leads to; /dev/stdout is one.
        target = Path(os.path.realpath(path))
        temporary = target.with_name(f".{target.name[:200]}.{secrets.token_hex(4)}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
        try:
            with open(descriptor, "w", encoding="utf-8", newline="") as stream:  # noqa: PTH123 - it is open already
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            _name(temporary, target, force=force)
        finally:
            with suppress(OSError):
                temporary.unlink()
    except FileExistsError:
        raise _taken(path) from None
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be written: {error.strerror or error}", next_step="choose another file"
        ) from None


def _name(temporary: Path, target: Path, *, force: bool) -> None:
    """Give a finished file its name; without ``force`` only where nobody has taken it meanwhile."""
    if force:
        temporary.replace(target)
        return
    try:
        os.link(temporary, target)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        temporary.replace(target)


def _taken(path: str) -> RefusedError:
    return RefusedError(f"{path}: already exists", next_step="name another file, or give --force to replace it")
