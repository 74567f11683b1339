"""The v1alpha2 controller: claims and their Buckets (main controller/pkg/reconciler/bucketclaim.go).

In main of March 2026 a deletion only takes the finalizer away; later main annotates and deletes the Bucket first, and
is woken by it.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from cosictl.knowledge.annotations import BUCKET_CLAIM_BEING_DELETED
from cosictl.knowledge.finalizers import PROTECTION
from cosictl.knowledge.policies import POLICIES
from cosictl.model.refs import Ref
from cosictl.sandbox.api.metadata import add_finalizer, is_terminating, remove_finalizer
from cosictl.sandbox.api.resources import BUCKET_CLASSES_V2, BUCKETS_V2, CLAIMS_V2
from cosictl.sandbox.clock import Clock
from cosictl.sandbox.loops.api_client import ApiClient
from cosictl.sandbox.loops.connecting import process
from cosictl.sandbox.loops.controller_access_v2 import ControllerAccessV2
from cosictl.sandbox.loops.reflector import Key
from cosictl.sandbox.loops.runtime_v2 import (
    CachedApi,
    Reconciler,
    RetryError,
    RuntimeV2,
    TerminalError,
    Watched,
    protection_lost,
    spec_changed,
)
from cosictl.sandbox.ports import Api, Json

RELEASES: Final = ("main-2026-03", "later-main")
NOT_IMPLEMENTED: Final = "deletion is not yet implemented"
_STRANGER: Final = "administrator must resolve unexpected error: dynamic Bucket does not reference this BucketClaim"


def determined_name(claim: Json) -> str:
    """Return the name of a claim's Bucket; TerminalError when the claim is bound to another."""
    name = claim["spec"].get("existingBucketName") or f"bc-{claim['metadata']['uid']}"
    bound = claim.get("status", {}).get("boundBucketName")
    if bound and bound != name:
        raise TerminalError(
            f'unrecoverable degradation: boundBucketName "{bound}" does not match determined name "{name}"'
        )
    return str(name)


def mismatches(bucket: Json, claim: Json) -> str:
    """Say how a Bucket's claim reference differs from a claim, "" where it fits (an empty UID does: not bound yet)."""
    ref, meta = bucket["spec"].get("bucketClaimRef", {}), claim["metadata"]
    found = [
        f'Bucket claim ref {word} "{ref.get(key, "")}" does not match BucketClaim {word} "{meta[key]}"'
        for word, key in (("namespace", "namespace"), ("name", "name"), ("UID", "uid"))
        if ref.get(key, "") != meta[key] and not (key == "uid" and not ref.get(key))
    ]
    if not found:
        return ""
    bound = "bound" if ref.get("uid") else "unbound"
    return f"{bound} Bucket does not match BucketClaim: " + "\n".join(found)


def new_bucket(name: str, claim: Json, bucket_class: Json) -> Json:
    """Return the Bucket of a claim. It has no finalizer: that is the sidecar's."""
    spec = {
        key: bucket_class["spec"][key]
        for key in ("driverName", "deletionPolicy", "parameters")
        if bucket_class["spec"].get(key)
    }
    if claim["spec"].get("protocols"):
        spec["protocols"] = list(claim["spec"]["protocols"])
    spec["bucketClaimRef"] = {key: claim["metadata"][key] for key in ("name", "namespace", "uid")}
    return {
        "apiVersion": BUCKETS_V2.api_version,
        "kind": BUCKETS_V2.kind,
        "metadata": {"name": name},
        "spec": spec,
    }


def _claim_of(bucket: Json) -> Iterable[Key]:
    ref = bucket["spec"].get("bucketClaimRef", {})
    return ((ref["namespace"], ref["name"]),) if ref.get("name") and ref.get("namespace") else ()


class ControllerV2:
    """Runs until cancelled. ``records`` counts the failures of every claim and access that are tried again."""

    def __init__(self, api: Api, clock: Clock, release: str = "main-2026-03") -> None:
        if release not in RELEASES:
            raise ValueError(f"no v1alpha2 controller is called {release!r}; there are {', '.join(RELEASES)}")
        self.records: Counter[Ref] = Counter()
        self._later = release == "later-main"
        self._clock = clock
        self._client = ApiClient(api, clock, limited=False)
        self._api = CachedApi(self._client)

    async def run(self) -> None:
        """Reconcile claims and accesses, one at a time of each."""
        accesses = ControllerAccessV2(self._client, later=self._later)
        backoff = POLICIES["main-2026-03"].backoff
        await process(
            *(
                RuntimeV2(self._client, self._clock, backoff, self.records, reconciler).run()
                for reconciler in (self._reconciler(), accesses.reconciler())
            )
        )

    def _reconciler(self) -> Reconciler:
        return Reconciler(
            resource=CLAIMS_V2,
            reconcile=self._reconcile,
            concerns=lambda _: True,
            wakes=lambda old, new: spec_changed(old, new) or protection_lost(old, new),
            repeats=not self._later,
            watched=(Watched(resource=BUCKETS_V2, wakes=_claim_of),) if self._later else (),
        )

    async def _reconcile(self, claim: Json) -> None:
        name = determined_name(claim)
        if is_terminating(claim):
            await (self._delete(claim, name) if self._later else self._drop(claim))
            return
        if add_finalizer(claim, PROTECTION):
            await self._api.update(CLAIMS_V2, claim, "failed to add protection finalizer")
        bucket = await self._bucket(claim, name)
        if bucket is None:
            return
        await self._bind(claim, bucket)
        status = bucket.get("status", {})
        if not status.get("bucketID") or not status.get("readyToUse"):
            raise RetryError("waiting for Bucket to be provisioned")
        if not status.get("protocols"):
            raise TerminalError("provisioned Bucket supports no protocols")
        ready = {"readyToUse": True, "protocols": list(status["protocols"])}
        claim["status"] = {key: value for key, value in claim["status"].items() if key != "error"} | ready
        await self._api.update_status(CLAIMS_V2, claim, "")

    async def _bucket(self, claim: Json, name: str) -> Json | None:
        """Find the Bucket or create it; None where later main waits in silence for somebody else's."""
        bucket = await self._api.find(BUCKETS_V2, "", name)
        if bucket is not None:
            return bucket
        bound = claim.get("status", {}).get("boundBucketName")
        if bound:
            raise TerminalError(
                f'unrecoverable degradation: BucketClaim is bound to Bucket "{bound}" that no longer exists'
            )
        if claim["spec"].get("existingBucketName"):
            if self._later:
                return None
            raise RetryError(f'waiting for statically-provisioned Bucket "{name}" to exist')
        class_name = claim["spec"].get("bucketClassName")
        if not class_name:
            raise TerminalError("BucketClaim cannot have empty bucketClassName")
        bucket_class = await self._api.get(BUCKET_CLASSES_V2, "", class_name)
        return await self._api.create(BUCKETS_V2, "", new_bucket(name, claim, bucket_class))

    async def _bind(self, claim: Json, bucket: Json) -> None:
        wrong = mismatches(bucket, claim)
        if wrong:
            raise TerminalError(wrong)
        if not bucket["spec"]["bucketClaimRef"].get("uid"):
            if not claim["spec"].get("existingBucketName"):
                raise TerminalError("dynamic Bucket is malformed")
            bucket["spec"]["bucketClaimRef"]["uid"] = claim["metadata"]["uid"]
            await self._api.update(BUCKETS_V2, bucket, "failed to set bucketClaimRef.UID on Bucket")
        status = claim.setdefault("status", {})
        if not status.get("boundBucketName"):
            status.setdefault("readyToUse", False)
            status["boundBucketName"] = bucket["metadata"]["name"]
            await self._api.update_status(CLAIMS_V2, claim, "failed to bind BucketClaim to Bucket")

    async def _drop(self, claim: Json) -> None:
        await self._release(claim)
        raise TerminalError(NOT_IMPLEMENTED)

    async def _release(self, claim: Json) -> None:
        remove_finalizer(claim, PROTECTION)
        await self._api.update(CLAIMS_V2, claim, "failed to remove finalizer")

    async def _delete(self, claim: Json, name: str) -> None:
        status = {key: value for key, value in claim.get("status", {}).items() if key != "error"}
        claim["status"] = status | {"readyToUse": False}
        await self._api.update_status(CLAIMS_V2, claim, "failed to update BucketClaim status before deletion")
        bucket = await self._api.find(BUCKETS_V2, "", name)
        static = bool(claim["spec"].get("existingBucketName"))
        wrong = mismatches(bucket, claim) if bucket is not None else ""
        if wrong and not static:
            raise TerminalError(f"{_STRANGER}: {wrong}")
        if bucket is None or wrong or not bucket["spec"]["bucketClaimRef"].get("uid"):
            await self._release(claim)
            return
        await self._annotate(bucket)
        match bucket["spec"].get("deletionPolicy"):
            case "Retain":
                await self._release(claim)
            case "Delete" if not is_terminating(bucket):
                await self._api.delete(BUCKETS_V2, bucket)
            case _:
                # The Bucket's end wakes the claim again.
                return

    async def _annotate(self, bucket: Json) -> None:
        annotations = bucket["metadata"].setdefault("annotations", {})
        if BUCKET_CLAIM_BEING_DELETED not in annotations:
            annotations[BUCKET_CLAIM_BEING_DELETED] = ""
            what = "failed to annotate Bucket to indicate BucketClaim is being deleted"
            await self._api.update(BUCKETS_V2, bucket, what)
