"""A plan of changes: typed steps, what each was planned on, and what became of it."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct, field

from cosictl.model.refs import Ref


class Action(StrEnum):
    """What a step does. The last two only put back what an earlier run changed."""

    MARK = "mark"
    UNMARK = "unmark"
    NUDGE = "nudge"
    QUARANTINE = "quarantine"
    RESUME = "resume"
    REPAIR_HANDOFF = "repair-handoff"
    CREATE_SECRET = "create-secret"
    RECREATE_BUCKET = "recreate-bucket"
    SET_RETAIN = "set-retain"
    DELETE_OBJECT = "delete-object"
    REVOKE_AT_DRIVER = "revoke-at-driver"
    DELETE_AT_DRIVER = "delete-at-driver"
    REMOVE_FINALIZER = "remove-finalizer"
    RESTORE_STATUS = "restore-status"
    RECREATE_OBJECT = "recreate-object"


AT_DRIVER = frozenset({Action.REVOKE_AT_DRIVER, Action.DELETE_AT_DRIVER})


class Result(StrEnum):
    """What became of a step. ``UNKNOWN``: it was sent, and its effect was not seen."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Target(Struct, frozen=True, kw_only=True, gc=False):
    """The object a step writes to. ``api_version`` as in manifests: ``objectstorage.k8s.io/v1alpha1``, ``v1``."""

    ref: Ref
    api_version: str


class Pin(Struct, frozen=True, kw_only=True, gc=False):
    """What must still hold when the step is done. Counts, times of a loop and resourceVersions are not in it.

    ``failure`` is the fingerprint of the failure (code, cause, rule, masked text) of the object the step solves;
    None where the step does not depend on one.
    """

    uid: str
    generation: int
    deleted: datetime | None
    finalizers: tuple[str, ...]
    failure: Mapping[str, Any] | None = None


class Step(Struct, frozen=True, kw_only=True, gc=False):
    """One change.

    ``pin`` is None where the object must not exist yet. ``solves``: the object whose trouble this ends, which may be
    a relative. ``values`` are the particulars of the action, ``needs`` what the driver must have confirmed earlier in
    the same run, ``proof`` why it is allowed. ``inverse`` names the action that takes it back; empty means that there
    is none, and ``inverse_note`` says why or how.
    """

    action: Action
    target: Target
    pin: Pin | None
    solves: Ref
    does: str
    why: str
    values: Mapping[str, str] = field(default_factory=dict)
    finding: str = ""
    proof: tuple[str, ...] = ()
    leaves_behind: str = ""
    remains: str = ""
    inverse: str = ""
    inverse_note: str = ""
    needs: tuple[str, ...] = ()


class Declined(Struct, frozen=True, kw_only=True, gc=False):
    """An object that was asked for and gets no step: why, and what would make one possible."""

    ref: Ref
    reason: str
    help: str = ""


class ClusterId(Struct, frozen=True, kw_only=True, gc=False):
    """Which cluster: the UID of ``anchor``, a namespace that every cluster has. Empty where it could not be read."""

    uid: str
    anchor: str = ""

    def source_words(self, source: str) -> str:
        """Return how a plan speaks of its cluster."""
        return f"{source}, where the UID of namespace {self.anchor or '?'} is {self.uid or 'not known'}"


class Plan(Struct, frozen=True, kw_only=True, gc=False):
    """What one verb would change. ``asks`` are questions that need a yes of their own.

    ``even_if_retrying`` are objects that may be touched although they may yet succeed.
    """

    verb: str
    cluster: ClusterId
    source: str
    created: datetime
    expires: datetime
    steps: tuple[Step, ...]
    declined: tuple[Declined, ...] = ()
    warnings: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    even_if_retrying: frozenset[Ref] = frozenset()
    of_run: str = ""


class Outcome(Struct, frozen=True, kw_only=True, gc=False):
    """What became of one step, in words. ``remains``: what is left in the backend as far as can be told."""

    step: Step
    result: Result
    words: str
    remains: str = ""


class Fate(StrEnum):
    """What became of a request. ``LOST``: no answer came, so it may have been carried out."""

    DONE = "done"
    CONFLICT = "conflict"
    GONE = "gone"
    TAKEN = "taken"
    REFUSED = "refused"
    LOST = "lost"


class Sent(Struct, frozen=True, kw_only=True, gc=False):
    """The answer to one request: its fate, the server's words, and the object it answered with."""

    fate: Fate
    words: str = ""
    body: Mapping[str, Any] | None = None
