"""Repairs: what COSI itself forgot to do, done as it would have; nothing is deleted but what is asked to go. Pure."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from cosictl.knowledge.annotations import NUDGE, QUARANTINED_DRIVER
from cosictl.knowledge.finalizers import CLAIM_PROTECTION, SECRET_PROTECTION
from cosictl.model.objects import Access, Bucket, Claim
from cosictl.model.plan import Action
from cosictl.model.refs import Api, Kind, Ref
from cosictl.model.report import Finding
from cosictl.remedy.planners.common import ONE_ID, Known, Proposal, declined, guarded, joined
from cosictl.remedy.steps import step_of
from cosictl.remedy.world import World, bucket_names_of
from cosictl.remedy.writes import api_version_of

SECRET: Final = "Secret"
_ASK: Final = "cosictl diagnose says what it waits for"


Planner = Callable[[World, Finding, Known], Proposal]


def plan_repairs(world: World, refs: Sequence[Ref], known: Known) -> Proposal:
    """Return the steps that repair objects: by their findings, only where one of them has a repair."""
    if known.bucket_id and len(refs) > 1:
        return joined(declined(ref, *ONE_ID) for ref in refs)
    return joined(_repair(world, ref, known) for ref in refs)


def _repair(world: World, ref: Ref, known: Known) -> Proposal:
    if ref.kind == SECRET:
        return _stray_secret(world, ref)
    item = world.item(ref)
    if isinstance(item, Bucket) and _is_stale_quarantine(item):
        return _stale_quarantine(world, item)
    found = [finding for finding in world.report.findings if ref == finding.root or ref in finding.symptoms]
    for finding in found:
        planner = next((REPAIRS[code] for code in (finding.code, *finding.candidates) if code in REPAIRS), None)
        if planner is not None:
            return planner(world, finding, known)
    if not found:
        return declined(ref, "nothing is wrong with it that could be repaired")
    finding = found[0]
    return declined(ref, f"{finding.code} has no repair: {finding.title}", finding.remedy)


def handoff(world: World, finding: Finding, known: Known) -> Proposal:
    """H01: the Bucket is ready and the claim never heard: its status gets the flag that was lost."""
    claim = world.item(finding.root)
    bucket = world.graph.bucket_of(claim) if isinstance(claim, Claim) else None
    if not isinstance(claim, Claim) or bucket is None:
        return declined(finding.root, "its Bucket was not found", _ASK)
    uid = claim.meta.uid
    proof = (f"{bucket.ref} is ready, its ID is {bucket.bucket_id}", f"it refers to this claim's UID {uid}")
    values = {"field": "bucketReady", "value": "true", "before": json.dumps(claim.ready)}
    step = step_of(
        world, Action.REPAIR_HANDOFF, claim.ref, why=finding.title, values=values, finding="COSI201", proof=proof
    )
    return guarded(world, [step], even_if_retrying=known.even_if_retrying)


def unnamed(world: World, finding: Finding, known: Known) -> Proposal:
    """H03, and D03 with a Bucket: the claim's status gets the name of the one Bucket that refers to it."""
    claim = world.item(finding.root)
    if not isinstance(claim, Claim):
        return declined(finding.root, "it does not exist", _ASK)
    owned = world.graph.buckets_by_claim.get(claim.meta.uid, ())
    if not owned:
        return declined(claim.ref, "no Bucket refers to it", _ASK)
    bucket = owned[0]
    values = {"field": "bucketName", "value": json.dumps(bucket.meta.name), "before": json.dumps(claim.bucket_name)}
    step = step_of(
        world,
        Action.REPAIR_HANDOFF,
        claim.ref,
        why=finding.title,
        values=values,
        finding=finding.code,
        proof=(f"{bucket.ref} is the only Bucket that refers to this claim's UID {claim.meta.uid}",),
        leaves=f"nothing; the deletion that was asked for then reaches {bucket.ref} and its data"
        if claim.meta.deleted is not None
        else "",
    )
    return guarded(world, [step], even_if_retrying=known.even_if_retrying)


def left_claim(world: World, finding: Finding, known: Known) -> Proposal:
    """D02, D03: nobody frees the claim; its finalizer goes once the driver confirmed that the bucket is gone."""
    claim = world.item(finding.root)
    if not isinstance(claim, Claim):
        return declined(finding.root, "it does not exist", _ASK)
    if world.graph.bucket_of(claim) is not None:
        return unnamed(world, finding, known)
    names = " or ".join(bucket_names_of(claim)[:2])
    if not (known.driver and known.bucket_id):
        return declined(
            claim.ref,
            f"its Bucket object is gone, and nothing proves that bucket {names} is gone from the backend",
            "give --bucket-id ID and --endpoint (or --pod): the driver is asked to delete it, which proves it; the ID "
            "stands in the driver's log, in a backup, or in cosictl journal show",
        )
    need = f"delete:{known.bucket_id}"
    asked = step_of(
        world,
        Action.DELETE_AT_DRIVER,
        claim.ref,
        why="the driver has to confirm that nothing is left",
        values={"bucket": known.bucket_id},
        finding=finding.code,
        leaves="nothing, if the ID is that of this claim's bucket; if not, another bucket is destroyed",
    )
    freed = step_of(
        world,
        Action.REMOVE_FINALIZER,
        claim.ref,
        why=finding.title,
        values={"finalizer": CLAIM_PROTECTION},
        finding=finding.code,
        proof=("its Bucket object does not exist", f"the driver deletes bucket {known.bucket_id} first, or has none"),
        leaves=f"nothing after that confirmation; else bucket {names}",
        remains="",
        needs=(need,),
    )
    return guarded(world, [asked, freed], even_if_retrying=known.even_if_retrying)


def nudge(world: World, finding: Finding, known: Known) -> Proposal:
    """D06, A13: the deletion was forgotten; an edit wakes the sidecar."""
    item = world.item(finding.root)
    if item is None or item.meta.deleted is None:
        return declined(finding.root, "it is not being deleted, so there is nothing to wake", _ASK)
    if item.api is Api.V1ALPHA2:
        return declined(item.ref, "on v1alpha2 an edit wakes nobody", "restart the sidecar and the controller")
    step = step_of(
        world,
        Action.NUDGE,
        item.ref,
        why=finding.title,
        values={"before": item.meta.annotations.get(NUDGE, "")},
        finding=finding.code,
        leaves="nothing: the sidecar goes on with the deletion that was asked for",
    )
    return guarded(world, [step], even_if_retrying=known.even_if_retrying)


def zombie(world: World, finding: Finding, known: Known) -> Proposal:
    """D07: the Bucket object is made again, so that what the sidecar made is adopted and then deleted properly."""
    claim = world.item(finding.root)
    if not isinstance(claim, Claim) or not claim.bucket_name:
        return declined(finding.root, "the name of its Bucket is not known", _ASK)
    cls = world.graph.classes.get(claim.class_name)
    if cls is None:
        return declined(
            claim.ref, f"its class {claim.class_name or '(none)'} is gone, and with it what the Bucket was made of"
        )
    ref = Ref(Kind.BUCKET, "", claim.bucket_name)
    spec = {
        "driverName": cls.driver,
        "bucketClassName": cls.meta.name,
        "bucketClaim": {"namespace": claim.meta.namespace, "name": claim.meta.name, "uid": claim.meta.uid},
        "protocols": list(claim.protocols),
        "deletionPolicy": cls.deletion_policy or "Retain",
        **({"parameters": dict(cls.parameters)} if cls.parameters else {}),
    }
    made = _object(claim.api, ref, spec)
    first = step_of(
        world,
        Action.RECREATE_BUCKET,
        ref,
        solves=claim.ref,
        why=finding.title,
        values={"object": json.dumps(made, sort_keys=True)},
        finding="COSI307",
        proof=(f"the sidecar still writes to {ref}, which does not exist", "the claim is being deleted"),
        leaves=""
        if cls.deletion_policy == "Delete"
        else f"bucket {claim.bucket_name}: the class says {cls.deletion_policy or 'Retain'}",
    )
    second = step_of(
        world,
        Action.NUDGE,
        claim.ref,
        why="so that the controller deletes the Bucket it asked for",
        values={"before": claim.meta.annotations.get(NUDGE, "")},
        finding="COSI307",
        fingerprinted=False,
    )
    return guarded(world, [first, second], even_if_retrying=known.even_if_retrying)


def secret_gone(world: World, finding: Finding, known: Known) -> Proposal:
    """A12: revoked, and waiting for a Secret that is gone: an empty one of that name lets it finish."""
    access = world.item(finding.root)
    name = next(iter(access.secret_names), "") if isinstance(access, Access) else ""
    if not isinstance(access, Access) or not name:
        return declined(finding.root, "it names no Secret", _ASK)
    ref = Ref(SECRET, access.meta.namespace, name)
    step = step_of(
        world,
        Action.CREATE_SECRET,
        ref,
        solves=access.ref,
        why=finding.title,
        finding="COSI412",
        proof=("the sidecar looks for the Secret only after the revoke succeeded (bucketaccess_controller.go:373)",),
        remains=f"account {access.account_id}: revoked" if access.account_id else "",
    )
    return guarded(world, [step], even_if_retrying=known.even_if_retrying)


def _stray_secret(world: World, ref: Ref) -> Proposal:
    """A Secret that stays terminating after its access is gone."""
    meta = world.meta(ref)
    if meta is None:
        return declined(ref, "it does not exist, or could not be read")
    step = step_of(
        world,
        Action.REMOVE_FINALIZER,
        ref,
        why="it is terminating, and no access of its namespace names it",
        values={"finalizer": SECRET_PROTECTION},
        proof=("no BucketAccess of its namespace names it",),
        leaves="the credential in it stays valid, if the access went without being revoked",
        fingerprinted=False,
    )
    return guarded(world, [step])


def _is_stale_quarantine(bucket: Bucket) -> bool:
    original = bucket.meta.annotations.get(QUARANTINED_DRIVER)
    return original is not None and bucket.driver.casefold() == original.casefold()


def _stale_quarantine(world: World, bucket: Bucket) -> Proposal:
    """The driver's name was put back by hand; only the annotation stayed, and misleads."""
    values = {"name": QUARANTINED_DRIVER, "before": bucket.meta.annotations[QUARANTINED_DRIVER]}
    step = step_of(
        world,
        Action.UNMARK,
        bucket.ref,
        why=f"driver {bucket.driver} serves it again; only the annotation says that it is quarantined",
        values=values,
        fingerprinted=False,
    )
    return guarded(world, [step])


def _object(api: Api, ref: Ref, spec: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": api_version_of(api),
        "kind": str(ref.kind),
        "metadata": {"name": ref.name},
        "spec": dict(spec),
    }


REPAIRS: Final[Mapping[str, Planner]] = {
    "COSI201": handoff,
    "COSI203": unnamed,
    "COSI302": left_claim,
    "COSI303": left_claim,
    "COSI306": nudge,
    "COSI307": zombie,
    "COSI412": secret_gone,
    "COSI413": nudge,
}
