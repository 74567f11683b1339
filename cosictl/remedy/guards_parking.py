"""Guards about quarantine: what may be parked, under which name, and what may not be deleted while it is. Pure.

In and out as in ``guards``: a step and the world, and the reason why not.
"""

from cosictl.knowledge.annotations import QUARANTINED_DRIVER
from cosictl.knowledge.finalizers import BUCKET_PROTECTION
from cosictl.model.objects import Bucket
from cosictl.remedy.guard import Refusal, Situation, bucket_behind, no


def never_created(case: Situation) -> Refusal | None:
    """A Bucket that was created once is not parked: its deletion would then leave the backend bucket."""
    item = case.world.item(case.step.target.ref)
    if not isinstance(item, Bucket):
        return None
    if item.meta.deleted is not None:
        return no(
            "not-terminating",
            "it is being deleted: under a foreign driver name its own sidecar would drop the finalizer at once and "
            "leave the backend bucket behind",
            "cosictl cleanup finds what lets the deletion finish",
        )
    claim = case.world.graph.claim_of(item)
    if claim is not None and claim.meta.deleted is not None:
        return no("not-terminating", f"its claim {claim.ref} is being deleted, which will reach this Bucket")
    if item.bucket_id or BUCKET_PROTECTION in item.meta.finalizers:
        return no(
            "never-created", "it was created once; deleted while parked, it would leave its bucket in the backend"
        )
    return None


def not_quarantined(case: Situation) -> Refusal | None:
    """Nothing parked is deleted: no sidecar would ask its driver."""
    bucket = bucket_behind(case.world, case.step.target.ref)
    if bucket is None or QUARANTINED_DRIVER not in bucket.meta.annotations:
        return None
    return no(
        "not-quarantined",
        f"{bucket.ref} is quarantined: deleted now, whatever a create has made in the backend would stay there",
        f"cosictl resume bucket/{bucket.meta.name} first",
    )


def unserved_name(case: Situation) -> Refusal | None:
    """The name a Bucket is parked under is nobody's, whatever its case."""
    parked = case.step.values.get("parked", "").casefold()
    snapshot = case.world.graph.snapshot
    named = {name.casefold() for name in case.world.report.drivers}
    named |= {lease.meta.name.removesuffix("-cosi").casefold() for lease in snapshot.leases}
    if parked and parked not in named:
        return None
    return no("unserved-name", f"{parked or 'an empty name'} is the name of a driver")
