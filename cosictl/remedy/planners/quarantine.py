"""Quarantine: a loop is stopped by a driver name that no sidecar serves, and started again by the old one. Pure."""

from collections.abc import Sequence
from typing import Final

from cosictl.knowledge.annotations import QUARANTINED_DRIVER
from cosictl.model.objects import Bucket, Claim
from cosictl.model.plan import Action
from cosictl.model.refs import Api, Ref
from cosictl.remedy.guard import bucket_behind
from cosictl.remedy.planners.common import Proposal, declined, guarded, joined
from cosictl.remedy.steps import step_of
from cosictl.remedy.world import World

# Not a driver's name by any rule, and readable by whoever finds it.
PARKED: Final = "quarantined.cosictl.dev"
_IMMUTABLE: Final = "on v1alpha2 spec.driverName cannot be changed, so a single loop cannot be stopped"
_INSTEAD: Final = "scale the driver's sidecar to 0: that stops everything of this driver, and nothing is lost"


def plan_quarantine(world: World, refs: Sequence[Ref], reason: str, even_if_retrying: frozenset[Ref]) -> Proposal:
    """Return the steps that park Buckets; for a claim its Bucket."""
    return joined(_quarantine(world, ref, reason, even_if_retrying) for ref in refs)


def plan_resume(world: World, refs: Sequence[Ref]) -> Proposal:
    """Return the steps that put the drivers' names back."""
    return joined(_resume(world, ref) for ref in refs)


def _quarantine(world: World, ref: Ref, reason: str, even_if_retrying: frozenset[Ref]) -> Proposal:
    bucket = bucket_behind(world, ref)
    if bucket is None:
        return declined(
            ref, "only a Bucket can be quarantined, and this has none", "cosictl diagnose says what it does"
        )
    if bucket.api is Api.V1ALPHA2:
        return declined(bucket.ref, _IMMUTABLE, _INSTEAD)
    if QUARANTINED_DRIVER in bucket.meta.annotations:
        return declined(bucket.ref, "it is quarantined already", f"cosictl resume bucket/{bucket.meta.name}")
    policy = world.policies.policy(bucket.api, bucket.driver)
    found = world.findings(bucket.ref)
    why = reason or (f"{found[0].title} ({found[0].code})" if found else "asked for")
    step = step_of(
        world,
        Action.QUARANTINE,
        bucket.ref,
        why=f"{why}; sidecar {policy.name} retries every {policy.backoff.cap:g} s for ever",
        values={"original": bucket.driver, "parked": PARKED},
        finding=found[0].code if found else "",
    )
    warning = f"while {bucket.ref} is quarantined, deleting it or its claim leaves what a create has made: resume first"
    return guarded(world, [step], even_if_retrying=even_if_retrying, warnings=(warning,))


def _resume(world: World, ref: Ref) -> Proposal:
    bucket = bucket_behind(world, ref)
    original = bucket.meta.annotations.get(QUARANTINED_DRIVER, "") if bucket is not None else ""
    if bucket is None or not original:
        return declined(ref, "it is not quarantined")
    refused = _cannot_resume(world, bucket)
    if refused:
        return declined(bucket.ref, refused, "cosictl diagnose says what is left")
    step = step_of(
        world,
        Action.RESUME,
        bucket.ref,
        why=f"it was parked, and driver {original} served it before",
        values={"original": original, "parked": bucket.driver},
        fingerprinted=False,
    )
    return guarded(world, [step])


def _cannot_resume(world: World, bucket: Bucket) -> str:
    if bucket.meta.deleted is not None:
        return "it is being deleted already: whatever a create has made in the backend is left there"
    claim = world.graph.claim_of(bucket)
    if isinstance(claim, Claim) and claim.meta.deleted is not None and not bucket.meta.finalizers:
        return f"its claim {claim.ref} is being deleted"
    return ""
