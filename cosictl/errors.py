"""The one tree of user-facing errors: what happened, what it likely means, what to do next.

In: nothing. Out: exceptions that carry an exit code and a next step. Never here: formatting, I/O, other rooms.
The exit codes are those of the command-line contract: 1 could not do it, 2 usage, 3 stuck, 4 refused,
5 unknown or unread, 64 and more a driver's gRPC code, 124 timed out, 130 interrupted.
"""

from enum import IntEnum

# Exit codes from here on are gRPC codes that a driver answered.
DRIVER_CODES = 64


class Exit(IntEnum):
    """Exit codes of the program."""

    OK = 0
    FAILED = 1
    USAGE = 2
    STUCK = 3
    REFUSED = 4
    UNKNOWN = 5
    TIMEOUT = 124
    INTERRUPTED = 130


class CosictlError(Exception):
    """An expected failure, shown to the user as one line on stderr.

    ``what`` says what happened (foreign words already redacted), ``meaning`` what it likely means and
    ``next_step`` what to do about it; the latter two may be empty.
    """

    exit_code: int = Exit.FAILED
    slug = "failed"

    def __init__(self, what: str, *, meaning: str = "", next_step: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.meaning = meaning
        self.next_step = next_step

    def __str__(self) -> str:
        return "; ".join(part for part in (self.what, self.meaning, self.next_step) if part)


class UsageError(CosictlError):
    """The command line asks for something that does not exist (an unknown type, option value, code)."""

    exit_code = Exit.USAGE
    slug = "usage"


class DumpError(CosictlError):
    """A file cannot be read, is empty, is cut off, or is no dump."""

    slug = "dump"


class OutputError(CosictlError):
    """A file to write to cannot be written."""

    slug = "output"


class ListenError(CosictlError):
    """An address cannot be listened on: its port is in use, it is not this machine's, or it is reserved."""

    slug = "listen"


class ConfigError(CosictlError):
    """The kubeconfig is missing, broken, or names a context that does not exist."""

    slug = "config"


class ClusterError(CosictlError):
    """The API server cannot be reached, or refuses who we are."""

    slug = "cluster"


class CosiMissingError(CosictlError):
    """The cluster answers, but has no COSI resources."""

    slug = "cosi-missing"


class NotFoundError(CosictlError):
    """A named object is not in what was read."""

    slug = "not-found"


class UnreadError(CosictlError):
    """What was asked about cannot be told, because it may not be read."""

    exit_code = Exit.UNKNOWN
    slug = "unread"


class EndpointError(CosictlError):
    """A driver's endpoint cannot be talked to: no such socket, nobody listens, no gRPC there."""

    slug = "endpoint"


class DriverAnswerError(CosictlError):
    """The driver answered, and not with OK; ``number`` is its gRPC code."""

    slug = "driver-answer"

    def __init__(self, what: str, number: int, *, meaning: str = "", next_step: str = "") -> None:
        super().__init__(what, meaning=meaning, next_step=next_step)
        self.exit_code = DRIVER_CODES + number


class CheckError(CosictlError):
    """A driver does not keep the specification's promises, or something could not be removed."""

    slug = "check"


class NothingToSendError(CosictlError):
    """The sidecar makes no call for the object in its present state."""

    slug = "nothing-to-send"


class RefusedError(CosictlError):
    """A guard refuses: what was asked for could lose something, and proof or consent is missing."""

    exit_code = Exit.REFUSED
    slug = "refused"


class PlanError(RefusedError):
    """A plan that cannot be used: none at all, of another version or cluster, changed, expired."""

    slug = "plan"


class JournalError(CosictlError):
    """A journal or backup cannot be written or read."""

    slug = "journal"


class StepsError(CosictlError):
    """A run ended with steps that failed, or whose effect was not seen."""

    slug = "steps"


class TimedOutError(CosictlError):
    """Something took longer than the user allowed."""

    exit_code = Exit.TIMEOUT
    slug = "timeout"
