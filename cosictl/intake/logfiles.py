"""Logs in files: opened, read in pieces, and told by their path whose they are, where the path says so.

In: paths as the user gave them, ``-`` for standard input. Out: for each a ``LogFold``. A file that was named is read
or is an error; one that was found in a folder is read, or says why not.
"""

import os
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final

from cosictl.errors import DumpError
from cosictl.intake.logfold import LogFold
from cosictl.intake.loglines import read_log
from cosictl.model.logs import LogOrigin, Writer

STDIN: Final = "-"
SUFFIX: Final = ".log"
PIECE: Final = 256 * 1024
# must-gather and kubectl cluster-info dump: namespaces/NS/pods/POD/CONTAINER/CONTAINER/logs/current.log; the kubelet's
# own folders: NS_POD_UID/CONTAINER/0.log, and CONTAINER/previous.log.
_GATHERED: Final = re.compile(
    r"namespaces/(?P<namespace>[a-z0-9-]{1,63})/pods/(?P<pod>[a-z0-9.-]{1,253})/(?:[a-z0-9-]{1,63}/)?"
    r"(?P<container>[a-z0-9-]{1,63})/(?:logs/)?(?P<which>current|previous)(?:\.insecure)?\.log$"
)
_KUBELET: Final = re.compile(
    r"(?P<namespace>[a-z0-9-]{1,63})_(?P<pod>[a-z0-9.-]{1,253})_[0-9a-f-]{32,36}/(?P<container>[a-z0-9-]{1,63})/"
    r"(?P<which>\d{1,6})\.log$"
)

Writers = Mapping[tuple[str, str, str], Writer]


def origin_of(path: str, writers: Writers) -> LogOrigin:
    """Return whose log a file is, by its path; ``writers`` says what the containers of known Pods are.

    A path that names no container leaves it to the lines.
    """
    plain = path.replace(os.sep, "/")
    found = _GATHERED.search(plain) or _KUBELET.search(plain)
    if found is None:
        return LogOrigin(file=path)
    place = (found["namespace"], found["pod"], found["container"])
    return LogOrigin(
        writer=writers.get(place, Writer.UNKNOWN),
        file=path,
        namespace=place[0],
        pod=place[1],
        container=place[2],
        previous=found["which"] == "previous",
    )


def read_log_file(
    path: str,
    origin: LogOrigin,
    *,
    reference: datetime,
    since: datetime | None = None,
    stdin: BinaryIO | None = None,
) -> LogFold:
    """Add up one file, or ``stdin`` where the path is ``-``. Raises ``DumpError`` where it cannot be read."""
    if path == STDIN and stdin is not None:
        return read_log(_pieces(path, stdin), origin, reference=reference, since=since)
    try:
        with Path(path).open("rb") as stream:
            return read_log(_pieces(path, stream), origin, reference=reference, since=since)
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL byte
        raise _unreadable(path, error) from None


def _pieces(path: str, stream: BinaryIO) -> Iterator[bytes]:
    try:
        while piece := stream.read(PIECE):
            yield piece
    except OSError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: str, error: Exception) -> DumpError:
    shown = "standard input" if path == STDIN else path
    reason = error.strerror if isinstance(error, OSError) else None
    return DumpError(f"log {shown}: cannot be read: {reason or error}", next_step="check the path and its permissions")
