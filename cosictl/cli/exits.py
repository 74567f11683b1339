"""What the exit codes mean, in the words of ``--help``, of the pages of commands and of the manual."""

from collections.abc import Mapping
from typing import Final

from cosictl.errors import DRIVER_CODES, Exit

MEANINGS: Final[Mapping[int, str]] = {
    Exit.OK: "done",
    Exit.FAILED: "could not do it",
    Exit.USAGE: "wrong usage",
    Exit.STUCK: "something is stuck",
    Exit.REFUSED: "refused by a guard",
    Exit.UNKNOWN: "something unknown or unread",
    DRIVER_CODES: "a driver answered gRPC code N",
    Exit.TIMEOUT: "timed out",
    Exit.INTERRUPTED: "interrupted",
}


def spelled(code: int) -> str:
    """An exit code as people write it; those of a driver's answers are 64+N."""
    return f"{DRIVER_CODES}+N" if code == DRIVER_CODES else str(int(code))
