"""Worlds for guards: a loop and a revoke, built from plain objects."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cosictl.knowledge.finalizers import ACCESS_PROTECTION, BUCKET_PROTECTION, CLAIM_PROTECTION
from cosictl.model.copying import replace
from cosictl.model.objects import (
    Access,
    AccessClass,
    Bucket,
    BucketClass,
    Claim,
    ClaimLink,
    Container,
    Event,
    Lease,
    Meta,
    Pod,
)
from cosictl.model.refs import Api, Kind, Ref
from cosictl.model.snapshot import ReadOutcome, ReadStatus, Snapshot, TimeBasis

NOW: Final = datetime(2026, 1, 31, 12, tzinfo=UTC)
LONG_AGO: Final = NOW - timedelta(hours=1)
DRIVER: Final = "cosi.example.com"
NAME: Final = "bucket-c1"
CLAIM: Final = Ref(Kind.CLAIM, "team-a", "photos")
BUCKET: Final = Ref(Kind.BUCKET, "", NAME)
ACCESS: Final = Ref(Kind.ACCESS, "team-a", "reader")
SECRET: Final = Ref("Secret", "team-a", "reader-secret")
SIDECAR: Final = "registry.k8s.io/sig-storage/objectstorage-sidecar:v0.2.2"
RESOURCES: Final = ("buckets", "bucketclaims", "bucketaccesses", "bucketclasses", "events", "leases", "pods")


def meta(name: str, uid: str, namespace: str = "", **more: Any) -> Meta:
    return Meta(name=name, uid=uid, namespace=namespace, created=LONG_AGO, generation=1, **more)


def bucket(**more: Any) -> Bucket:
    link = ClaimLink(namespace="team-a", name="photos", uid="c1")
    given: dict[str, Any] = {"meta": meta(NAME, "b1"), "claim": link, "deletion_policy": "Delete"} | more
    return Bucket(api=Api.V1ALPHA1, driver=DRIVER, class_name="gold", **given)


def claim(**more: Any) -> Claim:
    own = meta("photos", "c1", "team-a", finalizers=(CLAIM_PROTECTION,))
    given: dict[str, Any] = {"meta": own, "ready": False, "has_status": True, "bucket_name": NAME} | more
    return Claim(api=Api.V1ALPHA1, class_name="gold", **given)


def access(**more: Any) -> Access:
    own = meta("reader", "a1", "team-a", finalizers=(ACCESS_PROTECTION,), deleted=LONG_AGO)
    given: dict[str, Any] = {"meta": own, "account_id": "ba-a1", "ready": True} | more
    return Access(
        api=Api.V1ALPHA1, claim_names=("photos",), class_name="keys", secret_names=("reader-secret",), **given
    )


def event(kind: str, uid: str, reason: str, text: str, **more: Any) -> Event:
    return Event(
        meta=meta(f"event-{uid}", f"event-{uid}", "default"),
        reason=reason,
        type="Warning",
        message=text,
        count=9,
        first=NOW - timedelta(minutes=9),
        last=NOW - timedelta(seconds=20),
        component="cosi",
        about_kind=kind,
        about_uid=uid,
        **more,
    )


REFUSED: Final = event(
    "Bucket",
    "b1",
    "FailedCreateBucket",
    "failed to create bucket: rpc error: code = InvalidArgument desc = region is not known",
)
REVOKED: Final = event("BucketAccess", "a1", "FailedRevokeAccess", 'secrets "reader-secret" not found')


def pod(name: str) -> Pod:
    sidecar = Container(name="objectstorage-sidecar", image=SIDECAR, ready=True)
    return Pod(meta=meta(name, f"pod-{name}", "cosi-driver"), phase="Running", containers=(sidecar,))


def lease(name: str) -> Lease:
    return Lease(meta=meta(name, f"lease-{name}", "cosi-driver"), holder="driver-0", renewed=NOW, duration=150)


def looping(**more: Any) -> Snapshot:
    """A Bucket whose driver refuses it for ever, and its claim."""
    given: dict[str, Any] = {
        "buckets": (bucket(),),
        "claims": (claim(),),
        "bucket_classes": (BucketClass(api=Api.V1ALPHA1, meta=meta("gold", "k1"), driver=DRIVER),),
        "access_classes": (AccessClass(api=Api.V1ALPHA1, meta=meta("keys", "k2"), driver=DRIVER),),
        "events": (REFUSED,),
        "leases": (lease("cosi-example-com-cosi"),),
        "pods": (pod("driver-0"),),
        "reads": tuple(ReadStatus(resource=name, outcome=ReadOutcome.OK) for name in RESOURCES),
    } | more
    return Snapshot(taken_at=NOW, basis=TimeBasis.SERVER, source="a test", **given)


def revoking(**more: Any) -> Snapshot:
    """An access that was revoked and waits for a Secret that is gone."""
    ready = bucket(ready=True, bucket_id="id-1", meta=meta(NAME, "b1", finalizers=(BUCKET_PROTECTION,)))
    given: dict[str, Any] = {
        "buckets": (ready,),
        "claims": (claim(ready=True),),
        "accesses": (access(),),
        "events": (REVOKED,),
    } | more
    return looping(**given)


def unread(snapshot: Snapshot, resource: str) -> Snapshot:
    """The same, where a resource was refused."""
    refused = ReadStatus(resource=resource, outcome=ReadOutcome.FORBIDDEN, reason="no")
    return replace(snapshot, reads=(*(s for s in snapshot.reads if s.resource != resource), refused))
