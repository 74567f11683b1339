"""What is waited for, and how far it is."""

from enum import StrEnum

from msgspec import Struct

from cosictl.model.refs import Ref
from cosictl.model.report import Assessment, Finding


class Goal(StrEnum):
    """What an object is waited to become.

    ``ready``: in its desired state, and not being deleted. ``gone``: not there any more, by its UID. ``settled``:
    nothing about it moves by itself any more: ready, stuck, or gone.
    """

    READY = "ready"
    GONE = "gone"
    SETTLED = "settled"


class Presence(StrEnum):
    """Whether the object is there: not seen yet, there, seen and gone since, or another one has its name now."""

    NOT_YET = "not yet"
    HERE = "here"
    GONE = "gone"
    ANOTHER = "another"


class Standing(StrEnum):
    """How one object stands to the goal: met, not yet, impossible until somebody acts, or not to be told."""

    MET = "met"
    PENDING = "pending"
    NEVER = "never"
    UNREAD = "unread"


class Result(StrEnum):
    """How a wait ended."""

    MET = "met"
    NEVER = "never"
    UNREAD = "unread"
    TIMEOUT = "timeout"


class Waited(Struct, frozen=True, kw_only=True):
    """One object that is waited for, as it was last seen.

    ``item`` is its verdict; ``cause`` the verdict on what carries the cause, which is the object itself or what it
    waits for in the end; ``finding`` says what that is. ``unread``: why it cannot be told.
    """

    ref: Ref
    uid: str
    presence: Presence
    standing: Standing
    item: Assessment | None = None
    cause: Assessment | None = None
    finding: Finding | None = None
    unread: str = ""
