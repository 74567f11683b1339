"""One cell of a measurement while it is being watched: its object, its calls, and what was seen of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

from cosictl.diagnosis.measured import Trial, edit_effect
from cosictl.flows.measuring.ports import HeardLike, Thing, Tree
from cosictl.knowledge.annotations import SIDECAR_CLEANUP_FINISHED
from cosictl.knowledge.policies import EditEffect
from cosictl.model.failures import GrpcCode
from cosictl.model.refs import Rpc

# What ends an object; everything else makes one.
ENDING: Final = frozenset({Rpc.DELETE, Rpc.REVOKE})
OF_ACCESS: Final = frozenset({Rpc.GRANT, Rpc.REVOKE})
# The event's reason for each call (v0.2.2 client/apis/objectstorage/v1alpha1/events.go).
_REASONS: Final[Mapping[Rpc, str]] = {
    Rpc.CREATE: "FailedCreateBucket",
    Rpc.GET_EXISTING: "FailedCreateBucket",
    Rpc.DELETE: "FailedDeleteBucket",
    Rpc.GRANT: "FailedGrantAccess",
    Rpc.REVOKE: "FailedRevokeAccess",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A cell to be measured."""

    rpc: Rpc
    code: GrpcCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One edit of a looping object: when, the answer before it, and the pause before that; seconds on our clock."""

    at: float
    before: float
    pause: float


@dataclass(slots=True, kw_only=True)
class Probe:
    """A cell's object. Times are in seconds on our clock; ``speed`` makes the sidecar's seconds of them."""

    target: Target
    key: str
    thing: Thing
    speed: float
    made: float
    ready: bool = False
    ended: float | None = None
    gone: bool = False
    nudges: list[float] = field(default_factory=list)
    recorded: bool = False
    in_status: bool = False
    edit: Edit | None = None
    after_edit: EditEffect | None = None
    why: str = ""
    final: Trial | None = None
    heard: list[HeardLike] = field(default_factory=list)

    @property
    def words(self) -> str:
        """What the driver says when it refuses this call."""
        return words_of(self.target)

    def look(self, tree: Tree | None) -> None:
        """Take in the object as it is now; None where it is gone."""
        self.gone = tree is None
        if tree is None:
            return
        status = _mapping(tree.get("status"))
        self.ready = any(status.get(name) is True for name in ("bucketReady", "readyToUse", "accessGranted"))
        if self.words in str(_mapping(status.get("error")).get("message", "")):
            self.recorded = self.in_status = True
        if SIDECAR_CLEANUP_FINISHED in _mapping(tree["metadata"].get("annotations")):
            # The rest is the v1alpha2 controller's work, and there may be none.
            self.gone = True

    def hear(self, event: Tree) -> None:
        """Take in an event about the object."""
        if self.words in str(event.get("message", "")) or event.get("reason") == _REASONS[self.target.rpc]:
            self.recorded = True

    def trial(self, now: float, held: float = 0.0) -> Trial:
        """Return what is known by now. ``held``: until when the driver let somebody wait, who may be this object."""
        if self.final is not None:
            return self.final
        lives = [one.life for one in self.heard]
        return Trial(
            rpc=self.target.rpc,
            code=self.target.code,
            calls=len(self.heard),
            repeats=max((lives.count(life) for life in set(lives)), default=0),
            succeeded=self.gone if self.target.rpc in ENDING else self.ready,
            recorded=self.recorded,
            quiet=(now - max(held, self.heard[-1].answered)) * self.speed if self.heard else 0.0,
            why=self.why,
        )

    def since_first(self, now: float, held: float) -> float:
        """Return the sidecar's seconds since the first answer, and since nobody waits for one."""
        return (now - max(held, self.heard[0].answered)) * self.speed if self.heard else 0.0

    def pauses(self) -> list[float]:
        """Return the sidecar's seconds between each answer and the next call, before any edit, in the longest life."""
        calls = [one for one in self.heard if self.edit is None or one.came < self.edit.at]
        lives: dict[int, list[HeardLike]] = {}
        for one in calls:
            lives.setdefault(one.life, []).append(one)
        longest = max(lives.values(), key=len, default=[])
        return [(later.came - earlier.answered) * self.speed for earlier, later in pairwise(longest)]

    def look_after_edit(self, now: float) -> None:
        """Take in what the edit did, once it can be told."""
        if self.edit is not None and self.after_edit is None:
            edit, after = self.edit, [one.came for one in self.heard]
            self.after_edit = edit_effect(edited=edit.at, before=edit.before, pause=edit.pause, after=after, now=now)


def words_of(target: Target) -> str:
    """Return the words of a refusal; records of it are found again by them."""
    return f"cosictl measures {target.rpc.value} {target.code.value}."


def share_out(heard: Sequence[HeardLike], probes: Sequence[Probe]) -> None:
    """Give every probe the calls that are its own."""
    by_call: dict[tuple[Rpc, str], list[HeardLike]] = {}
    for one in heard:
        by_call.setdefault((one.rpc, one.key), []).append(one)
    for probe in probes:
        probe.heard = by_call.get((probe.target.rpc, probe.key), [])


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
