"""What a v1alpha1 sidecar does about Buckets (v0.2.2 sidecar/pkg/bucket/bucket_controller.go).

The claim is told that it is ready before the Bucket gets its finalizer and its status; a terminating Bucket loses its
finalizers to any driver's sidecar, and frees its claim when it is gone.
"""

from typing import Final

from cosictl.driver.types import DriverError
from cosictl.knowledge.finalizers import BUCKET_ACCESS_BUCKET_PROTECTION, BUCKET_PROTECTION, CLAIM_PROTECTION
from cosictl.model.refs import Rpc
from cosictl.sandbox.api.metadata import add_finalizer, has_finalizer, is_terminating, remove_finalizer
from cosictl.sandbox.api.resources import ACCESSES_V1, BUCKET_CLASSES_V1, BUCKETS_V1, CLAIMS_V1
from cosictl.sandbox.loops.reactions import reaction
from cosictl.sandbox.loops.runtime_v1 import FailedError, Handlers
from cosictl.sandbox.loops.sidecar_parts import PartsV1, StoppedError
from cosictl.sandbox.ports import ApiError, Json

_CREATE: Final = "FailedCreateBucket"
_DELETE: Final = "FailedDeleteBucket"


class BucketsV1:
    """The handlers for Buckets."""

    def __init__(self, parts: PartsV1) -> None:
        self._parts = parts
        self._api = parts.api

    def handlers(self) -> Handlers:
        """Return them for the runtime."""
        return Handlers(resource=BUCKETS_V1, add=self.add, update=self.update, delete=self.delete)

    async def add(self, bucket: Json) -> None:
        """Provision a Bucket, or go on with its deletion where the release does."""
        if self._parts.resumes and is_terminating(bucket):
            await self._finalize(bucket)
            return
        spec = bucket["spec"]
        if not spec.get("bucketClassName"):
            raise self._failed(bucket, f"BucketClassName not defined for Bucket {bucket['metadata']['name']}")
        if not self._parts.serves(spec.get("driverName", "")) or bucket.get("status", {}).get("bucketReady"):
            return
        try:
            bucket_id = await self._provision(bucket)
        except StoppedError:
            return
        await self._finish(bucket, bucket_id)

    async def update(self, bucket: Json) -> None:
        """Handle an edit: a deletion in every release, everything else as an ``add`` since v0.2.2."""
        if is_terminating(bucket):
            await self._finalize(bucket)
        elif self._parts.resumes:
            await self.add(bucket)

    async def delete(self, bucket: Json) -> None:
        """Free the claim of a Bucket that is gone, whichever driver it was of."""
        await self._free_claim(bucket)

    async def _provision(self, bucket: Json) -> str:
        spec = bucket["spec"]
        if spec.get("existingBucketID"):
            await self._copy_parameters(bucket)
            return str(spec["existingBucketID"])
        try:
            reply = await self._parts.driver.create(bucket["metadata"]["name"], parameters=spec.get("parameters") or {})
        except DriverError as error:
            raise self._parts.refused(BUCKETS_V1, bucket, Rpc.CREATE, error) from error
        if not reply.bucket_id:
            raise FailedError("driverCreateBucket returned an empty bucketID")
        await self._tell_claim(bucket)
        return reply.bucket_id

    async def _copy_parameters(self, bucket: Json) -> None:
        spec = bucket["spec"]
        if spec.get("parameters") is not None:
            return
        try:
            bucket_class = await self._api.get(BUCKET_CLASSES_V1, "", spec["bucketClassName"])
        except ApiError as error:
            raise self._failed(bucket, error.message) from error
        if bucket_class.get("parameters"):
            spec["parameters"] = dict(bucket_class["parameters"])

    async def _tell_claim(self, bucket: Json) -> None:
        ref = bucket["spec"].get("bucketClaim")
        if ref is None:
            return
        try:
            claim = await self._api.get(CLAIMS_V1, ref.get("namespace", ""), ref.get("name", ""))
            claim["status"] = claim.get("status", {}) | {"bucketReady": True}
            await self._api.update_status(CLAIMS_V1, claim)
        except ApiError as error:
            raise self._failed(bucket, error.message) from error

    async def _finish(self, bucket: Json, bucket_id: str) -> None:
        """Write finalizer and status. Where that fails, the event is about an object without a name."""
        add_finalizer(bucket, BUCKET_PROTECTION)
        try:
            bucket = await self._api.update(BUCKETS_V1, bucket)
        except ApiError as error:
            raise self._failed({}, f"failed to update bucket finalizers: {error.message}") from error
        bucket["status"] = bucket.get("status", {}) | {"bucketReady": True, "bucketID": bucket_id}
        try:
            await self._api.update_status(BUCKETS_V1, bucket)
        except ApiError as error:
            raise self._failed({}, f"failed to update bucket status: {error.message}") from error

    async def _finalize(self, bucket: Json) -> None:
        if has_finalizer(bucket, BUCKET_ACCESS_BUCKET_PROTECTION):
            await self._delete_accesses(bucket)
            remove_finalizer(bucket, BUCKET_ACCESS_BUCKET_PROTECTION)
        if has_finalizer(bucket, BUCKET_PROTECTION):
            try:
                await self._delete_backend(bucket)
            except StoppedError:
                return
            remove_finalizer(bucket, BUCKET_PROTECTION)
        await self._api.update(BUCKETS_V1, bucket)

    async def _delete_accesses(self, bucket: Json) -> None:
        ref = bucket["spec"].get("bucketClaim") or {}
        namespace, name = ref.get("namespace", ""), ref.get("name", "")
        accesses, _ = await self._api.list(ACCESSES_V1, namespace)
        for access in accesses:
            if access["spec"].get("bucketClaimName", "").lower() == name.lower():
                await self._api.delete(ACCESSES_V1, access["metadata"]["namespace"], access["metadata"]["name"])

    async def _delete_backend(self, bucket: Json) -> None:
        """Have the driver delete and free the claim. Of another driver's Bucket nothing is done: that is success."""
        spec = bucket["spec"]
        if not self._parts.serves(spec.get("driverName", "")):
            return
        if spec.get("deletionPolicy") == "Delete":
            bucket_id = bucket.get("status", {}).get("bucketID", "")
            try:
                await self._parts.driver.delete(bucket_id, parameters=spec.get("parameters") or {})
            except DriverError as error:
                if not reaction(self._parts.policy, Rpc.DELETE, error.code).goes_on:
                    raise self._parts.refused(BUCKETS_V1, bucket, Rpc.DELETE, error) from error
        try:
            await self._free_claim(bucket)
        except ApiError as error:
            raise self._failed(bucket, error.message, _DELETE) from error

    async def _free_claim(self, bucket: Json) -> None:
        ref = bucket["spec"].get("bucketClaim")
        if ref is None:
            return
        claim = await self._api.get(CLAIMS_V1, ref.get("namespace", ""), ref.get("name", ""))
        if remove_finalizer(claim, CLAIM_PROTECTION):
            await self._api.update(CLAIMS_V1, claim)

    def _failed(self, about: Json, text: str, reason: str = _CREATE) -> FailedError:
        return self._parts.failed(BUCKETS_V1, about, reason, text)
