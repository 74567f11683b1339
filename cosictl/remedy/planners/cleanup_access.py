"""Clean-up of accesses: never granted, never revoked. Pure."""

from typing import Final

from cosictl.knowledge.finalizers import ACCESS_PROTECTION, PROTECTION, SECRET_PROTECTION
from cosictl.model.objects import Access
from cosictl.model.plan import Action, Step
from cosictl.model.refs import Api, Ref
from cosictl.model.report import Finding
from cosictl.remedy.guard import CLEANS_NOTHING
from cosictl.remedy.planners.common import Known, Proposal, declined, guarded
from cosictl.remedy.planners.parts import LOOK, deletion, finalizer
from cosictl.remedy.planners.repair import SECRET
from cosictl.remedy.steps import step_of
from cosictl.remedy.world import World

_NEVER_ASKED: Final = "nothing: no grant was ever asked for"


def ungranted_access(world: World, finding: Finding, known: Known) -> Proposal:
    """A01 to A08, A14, A17, A18: the access was never granted, and no finalizer holds it."""
    access = world.item(finding.root)
    if not isinstance(access, Access):
        return declined(finding.root, "it is no access", LOOK)
    if access.ready or access.account_id:
        return declined(access.ref, "it was granted: deleting it takes credentials away that may be in use", LOOK)
    if access.api is Api.V1ALPHA2 and world.policy(access).name == CLEANS_NOTHING and access.meta.finalizers:
        return declined(
            access.ref,
            "on this release the deletion of an access wakes nobody, and revokes nothing (COSI416, COSI314)",
            "upgrade sidecar and controller first",
        )
    never_asked = finding.code in {"COSI401", "COSI402", "COSI404", "COSI414"}
    leaves = _NEVER_ASKED if never_asked else f"may leave account ba-{access.meta.uid}"
    step = deletion(world, access.ref, finding, leaves=leaves)
    return guarded(world, [step], even_if_retrying=known.even_if_retrying)


def unrevoked(world: World, finding: Finding, known: Known) -> Proposal:
    """A10, A11: the revoke is refused or never made. The driver confirms it, then the finalizers go."""
    access = world.item(finding.root)
    if not isinstance(access, Access):
        return declined(finding.root, "it is no access", LOOK)
    bucket_ids = _bucket_ids(world, access) or ((known.bucket_id,) if known.bucket_id else ())
    if not (access.account_id and bucket_ids and known.driver):
        missing = "its accountID" if not access.account_id else "the ID of its bucket" if not bucket_ids else "a driver"
        return declined(
            access.ref,
            f"only a revoke at the driver proves that the credential is gone, and {missing} is missing for it",
            "give --bucket-id ID and --endpoint (or --pod)",
        )
    need = f"revoke:{access.account_id}"
    values = {"account": access.account_id, "bucket": ",".join(bucket_ids)}
    revoke = step_of(world, Action.REVOKE_AT_DRIVER, access.ref, why=finding.title, values=values, finding=finding.code)
    steps = [revoke, *_secret_steps(world, access, finding, need)]
    name = ACCESS_PROTECTION if access.api is Api.V1ALPHA1 else PROTECTION
    if name in access.meta.finalizers:
        steps.append(finalizer(world, access.ref, finding, name, access.ref, needs=(need,)))
    return guarded(world, steps, even_if_retrying=known.even_if_retrying, warnings=_kept_secrets(world, access))


def _kept_secrets(world: World, access: Access) -> tuple[str, ...]:
    """What becomes of Secrets that nobody has asked to go: they stay, with a credential that no longer works."""
    kept = []
    for name in access.secret_names:
        meta = world.meta(Ref(SECRET, access.meta.namespace, name))
        if meta is not None and meta.deleted is None:
            where = f"-n {access.meta.namespace}"
            kept.append(
                f"Secret {name} stays, with a credential that no longer works: kubectl delete secret/{name} {where} "
                f"--wait=false, then cosictl repair secret/{name} {where}"
            )
    return tuple(kept)


def _secret_steps(world: World, access: Access, finding: Finding, need: str) -> list[Step]:
    """The access's Secrets go too, where they are being deleted and only COSI's finalizer holds them."""
    steps = []
    for name in access.secret_names:
        ref = Ref(SECRET, access.meta.namespace, name)
        meta = world.meta(ref)
        if meta is not None and meta.deleted is not None and SECRET_PROTECTION in meta.finalizers:
            steps.append(finalizer(world, ref, finding, SECRET_PROTECTION, access.ref, needs=(need,)))
    return steps


def _bucket_ids(world: World, access: Access) -> tuple[str, ...]:
    if access.accessed:
        return tuple(entry.bucket_id for entry in access.accessed if entry.bucket_id)
    claims = (world.graph.claims.get((access.meta.namespace, name)) for name in access.claim_names)
    buckets = (world.graph.bucket_of(claim) for claim in claims if claim is not None)
    return tuple(bucket.bucket_id for bucket in buckets if bucket is not None and bucket.bucket_id)
