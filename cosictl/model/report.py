"""What a diagnosis concludes: an outlook per object, findings by root cause, and what could not be read."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from cosictl.model.failures import Classification, Failure, FixBy
from cosictl.model.refs import Api, Ref
from cosictl.model.snapshot import ReadStatus


class Outlook(StrEnum):
    """Will waiting help? The closed vocabulary of the project."""

    READY = "ready"
    WAITING = "waiting"
    RETRYING = "retrying"
    LOOPING = "looping"
    PARKED = "parked"
    STALLED = "stalled"
    UNKNOWN = "unknown"


STUCK = frozenset({Outlook.LOOPING, Outlook.PARKED, Outlook.STALLED})
# Worst first: what will not move by itself, then what cannot be told, then what moves.
SEVERITY = (
    Outlook.LOOPING,
    Outlook.PARKED,
    Outlook.STALLED,
    Outlook.UNKNOWN,
    Outlook.RETRYING,
    Outlook.WAITING,
    Outlook.READY,
)


class Flag(StrEnum):
    """Facts about an object that are orthogonal to its outlook."""

    TERMINATING = "terminating"
    ORPHANED = "orphaned"
    STALE_ERROR = "stale-error"
    MARKED = "marked"
    QUARANTINED = "quarantined"


class Certainty(StrEnum):
    """How the sidecar policy in force was determined."""

    GIVEN = "assumed on request"
    IMAGE = "from image"
    NARROWED = "narrowed from objects"
    DEFAULT = "assumed"


class PolicyChoice(Struct, frozen=True, kw_only=True, gc=False):
    """The policy used for one API version (and driver; empty means every driver), and how it was found."""

    api: Api
    policy: str
    driver: str
    certainty: Certainty
    why: str
    candidates: tuple[str, ...] = ()


class Evidence(Struct, frozen=True, kw_only=True, gc=False):
    """One observed fact: its words, where it stands, and when it was seen. ``quoted``: foreign words."""

    text: str
    source: str
    at: datetime | None = None
    quoted: bool = False


class Assessment(Struct, frozen=True, kw_only=True, gc=False):
    """The verdict on one object. ``attempts`` and ``next_try`` are estimates from the policy's backoff.

    ``since``: when the present state began, as far as can be seen. ``waits_on``: the object that holds it up.
    ``basis`` says in sentences which evidence decided, and how old it is.
    """

    ref: Ref
    uid: str
    api: Api
    outlook: Outlook
    basis: tuple[str, ...]
    flags: tuple[Flag, ...] = ()
    failure: Failure | None = None
    classification: Classification | None = None
    since: datetime | None = None
    attempts: int | None = None
    next_try: datetime | None = None
    waits_on: Ref | None = None
    policy: str = ""
    driver: str = ""


class Finding(Struct, frozen=True, kw_only=True, gc=False):
    """One root cause with the symptoms folded under it.

    ``code`` is stable (``COSI104``). ``candidates`` are the codes the evidence cannot tell apart, this one
    first, when there is more than one. ``root`` is the object that carries the cause; ``risk`` says what could
    be lost by following ``commands``.
    """

    code: str
    title: str
    root: Ref
    outlook: Outlook
    fix_by: FixBy
    symptoms: tuple[Ref, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    explanation: str = ""
    remedy: str = ""
    commands: tuple[str, ...] = ()
    risk: str = ""
    candidates: tuple[str, ...] = ()
    since: datetime | None = None


class Report(Struct, frozen=True, kw_only=True, gc=False):
    """A whole diagnosis."""

    taken_at: datetime
    basis: str
    source: str
    policies: tuple[PolicyChoice, ...]
    objects: tuple[Assessment, ...]
    findings: tuple[Finding, ...]
    unread: tuple[ReadStatus, ...]
    drivers: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    skipped_files: int = 0

    @property
    def stuck_pods(self) -> Mapping[Ref, Outlook]:
        """The Pods of sidecars and controllers that a finding calls stuck, and how."""
        return {one.root: one.outlook for one in self.findings if one.root.kind == "Pod" and one.outlook in STUCK}

    @property
    def causes(self) -> Mapping[Ref, Finding]:
        """The finding that says why, for every object that any is about: of its own outlook, else the one it waits on.

        An object may have notes beside the cause of its outlook, and may be a symptom of several others.
        """
        outlooks = {item.ref: item.outlook for item in self.objects}
        found: dict[Ref, Finding] = {}
        for one in self.findings:
            for ref in one.symptoms:
                found.setdefault(ref, one)
        for one in reversed(self.findings):
            found[one.root] = one
        for one in reversed(self.findings):
            if outlooks.get(one.root) is one.outlook:
                found[one.root] = one
        return found
