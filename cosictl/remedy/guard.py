"""What a guard is asked and answers, and what guards have in common. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cosictl.diagnosis.case import gather
from cosictl.model.objects import Access, Bucket, Claim
from cosictl.model.plan import Step
from cosictl.model.refs import Api, Ref
from cosictl.remedy.digest import fingerprint
from cosictl.remedy.world import World

# The release on which every deletion leaves its backend bucket or account behind (D14).
CLEANS_NOTHING: Final = "main-2026-03"


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """A step and the world it is to be done in.

    ``confirmed`` is what the driver confirmed earlier in this run, ``leaving`` what earlier steps of the plan delete.
    ``continuing``: an earlier step of this run acted for the same object, whose findings may be others for that.
    """

    step: Step
    world: World
    even_if_retrying: frozenset[Ref] = frozenset()
    confirmed: frozenset[str] = frozenset()
    leaving: frozenset[Ref] = frozenset()
    continuing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a step is not done, and what would make it possible."""

    guard: str
    reason: str
    help: str = ""


Guard = Callable[[Situation], Refusal | None]


def bucket_behind(world: World, ref: Ref) -> Bucket | None:
    """Return the Bucket that a step on this object concerns."""
    item = world.item(ref)
    if isinstance(item, Claim):
        return world.graph.bucket_of(item)
    return item if isinstance(item, Bucket) else None


def has_backend_state(world: World, ref: Ref) -> bool:
    """Whether something may exist in the backend that a deletion of this object has to reach."""
    item = world.item(ref)
    if isinstance(item, Access):
        return bool(item.ready or item.account_id or (item.meta.finalizers and item.api is Api.V1ALPHA1))
    bucket = bucket_behind(world, ref)
    if bucket is None:
        return False
    # On v1alpha2 the finalizer comes before the first call, and a call may have succeeded without a trace (C16, C17).
    return bool(bucket.ready or bucket.bucket_id or bucket.existing_id or bucket.meta.finalizers)


def failure_of(world: World, ref: Ref) -> dict[str, object]:
    """Return the fingerprint of what is recorded about an object now."""
    item = world.item(ref)
    if item is None:
        return {}
    case = gather(world.graph, world.policies, item, driver=world.driver(ref))
    return fingerprint(case.classification, case.text)


def moved(guard: str, reason: str) -> Refusal:
    """Return the refusal of a step whose object is not as it was planned on."""
    return Refusal(guard=guard, reason=reason, help="make a new plan")


def no(guard: str, reason: str, hint: str = "") -> Refusal:
    """Return a refusal."""
    return Refusal(guard=guard, reason=reason, help=hint)
