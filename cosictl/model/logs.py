"""What logs tell: single records, what they add up to for one object, and deaths of a process.

Texts are masked already (intake does that) and otherwise as they were written: hostile until rendered.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct, field

from cosictl.model.failures import GrpcCode
from cosictl.model.refs import Rpc

# Under which a snapshot says how reading the logs of containers went, as RBAC calls them.
POD_LOGS = "pods/log"


class Writer(StrEnum):
    """Who wrote a log. ``UNKNOWN``: nothing but the shape of its lines tells."""

    SIDECAR = "sidecar"
    DRIVER = "driver"
    CONTROLLER = "controller"
    UNKNOWN = "unknown"


class Severity(StrEnum):
    """How grave a line is by its writer's own word."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogOrigin(Struct, frozen=True, kw_only=True, gc=False):
    """One log: that of a container, or a file.

    ``file`` is its path, empty for a log that was read from the cluster; ``pod`` is empty where the path does not say
    whose log it is. ``previous``: of the process that ran before the present one.
    """

    writer: Writer = Writer.UNKNOWN
    file: str = ""
    namespace: str = ""
    pod: str = ""
    container: str = ""
    previous: bool = False

    @property
    def words(self) -> str:
        """Name it for people: the container where that is known, so that a cluster and its dump say the same."""
        if not self.pod:
            return "standard input" if self.file == "-" else self.file
        which = " (the process before)" if self.previous else ""
        return f"container {self.container} of pod {self.namespace}/{self.pod}{which}"


class LogTarget(Struct, frozen=True, kw_only=True, gc=False):
    """A log to be read from the cluster. ``previous``: also that of the process before."""

    origin: LogOrigin
    previous: bool = False


class LogNames(Struct, frozen=True, kw_only=True, gc=False):
    """The names that a line carries; empty ones it does not say.

    ``kind`` is what the line is about. ``bucket`` is a Bucket's name or its bucketID, ``account`` an account name or
    ID at the backend, ``uid`` the UID of an object.
    """

    kind: str = ""
    namespace: str = ""
    bucket: str = ""
    access: str = ""
    claim: str = ""
    account: str = ""
    uid: str = ""

    def __bool__(self) -> bool:
        return bool(self.bucket or self.access or self.claim or self.account or self.uid)


class LogRecord(Struct, frozen=True, kw_only=True, gc=False):
    """One line, or one block of lines, as far as a diagnosis needs it.

    ``text`` is the failure, empty where the line only says that something was tried. ``is_attempt``: the line stands
    for one attempt by itself, so that attempts can be counted by it. ``code`` is the answer of a driver, where the
    line states one in a field of its own. ``is_repeat``: the same happening may be written down again and again.
    """

    moment: datetime | None
    severity: Severity
    writer: Writer
    text: str = ""
    names: LogNames = field(default_factory=LogNames)
    rpc: Rpc | None = None
    code: GrpcCode | None = None
    is_attempt: bool = False
    is_repeat: bool = False


class LogTrace(Struct, frozen=True, kw_only=True, gc=False):
    """All records of one log about one object with one text, those that differ in numbers only taken together.

    ``text`` is the newest of them. ``attempts`` counts the records that stand for an attempt, ``lines`` those of which
    each stands for a happening of its own.
    ``until`` is the time of the newest attempt at anything in the same log: as long as that goes on, silence about
    this object means something.
    """

    origin: LogOrigin
    writer: Writer
    names: LogNames
    text: str = ""
    rpc: Rpc | None = None
    code: GrpcCode | None = None
    first: datetime | None = None
    last: datetime | None = None
    attempts: int = 0
    lines: int = 0
    until: datetime | None = None


class Begun(Struct, frozen=True, kw_only=True, gc=False):
    """An object that was taken up, and when."""

    names: LogNames
    at: datetime | None


class Crash(Struct, frozen=True, kw_only=True, gc=False):
    """The end of a process by a panic.

    ``words`` are the panic and the first frames of its stack. ``names`` are those of the object that was taken up
    last before it, of the kind whose code the stack names; empty where the log does not tell. ``nil_in_access``: a
    nil pointer in the code for accesses (v0.2.2 bucketaccess_controller.go:187). ``others`` were taken up shortly
    before, and nothing in the log says that they were done with: several workers share a process. ``count``: how often
    the same was seen, ``at`` when last.
    """

    origin: LogOrigin
    writer: Writer
    names: LogNames
    words: str
    nil_in_access: bool
    others: tuple[Begun, ...] = ()
    at: datetime | None = None
    count: int = 1


class LogWish(Struct, frozen=True, kw_only=True, gc=False):
    """Which logs to read: files, those of the cluster (``live``), those in folders of a dump (``folders``).

    ``since`` is how far to look back from the observation, None for everything that is there; it holds for files only
    with ``in_files``. ``previous``: also what the process before has written.
    """

    files: tuple[str, ...] = ()
    live: bool = False
    folders: bool = False
    since: timedelta | None = None
    in_files: bool = False
    previous: bool = False
