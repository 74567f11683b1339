"""What a v1alpha2 sidecar does about Buckets (main sidecar/pkg/reconciler/bucket.go).

The finalizer comes before the first call; what cannot succeed is recorded and left alone. In main of March 2026 a
deletion only takes the finalizer away; later main asks the driver, once the claim is going too.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from cosictl.driver.types import BucketReply, DriverError
from cosictl.knowledge.annotations import BUCKET_CLAIM_BEING_DELETED
from cosictl.knowledge.finalizers import PROTECTION
from cosictl.model.failures import GrpcCode
from cosictl.model.refs import Rpc
from cosictl.sandbox.api.metadata import add_finalizer, is_terminating, remove_finalizer
from cosictl.sandbox.api.resources import BUCKETS_V2
from cosictl.sandbox.loops.reactions import calls
from cosictl.sandbox.loops.runtime_v2 import Reconciler, TerminalError, protection_lost, spec_changed
from cosictl.sandbox.loops.sidecar_parts_v2 import PartsV2, bucket_values
from cosictl.sandbox.ports import Json

_WIRE_NAMES: Final = {"S3": "S3", "Azure": "AZURE", "GCS": "GCS"}
_GO_FIELDS: Final = (("Name", "name"), ("Namespace", "namespace"), ("UID", "uid"))
_SAVED: Final = "failed to update Bucket status after successful bucket creation"


def unsupported(driver: str, offered: Sequence[str], wanted: Sequence[str]) -> str:
    """Say which wanted protocols a driver does not offer, "" for none."""
    missing = [_WIRE_NAMES.get(name, name) for name in wanted if name not in offered]
    return f'driver "{driver}" does not support protocols: [{" ".join(missing)}]' if missing else ""


def ready_status(reply: BucketReply, wanted: Sequence[str]) -> Json:
    """Return the status of a Bucket that exists; TerminalError when the driver's answer will not do."""
    if not reply.info:
        raise TerminalError("created bucket protocol response missing")
    missing = [name for name in wanted if name not in reply.info]
    if missing:
        words = f"required protocols are not supported: [{' '.join(missing)}]"
        raise TerminalError(f"bucket required protocols missing: {words}")
    values: dict[str, str] = {}
    for protocol, fields in reply.info.items():
        values |= bucket_values(protocol, fields)
    status: Json = {"readyToUse": True, "bucketID": reply.bucket_id, "protocols": list(reply.info)}
    return status | ({"bucketInfo": values} if values else {})


def claim_annotated(old: Json, new: Json) -> bool:
    """Whether the controller has just said that the claim is being deleted."""
    before, after = (value["metadata"].get("annotations", {}) for value in (old, new))
    return BUCKET_CLAIM_BEING_DELETED in after and BUCKET_CLAIM_BEING_DELETED not in before


def refuses_deletion(bucket: Json) -> str:
    """Say why later main will not have a Bucket deleted, "" where it will."""
    policy, ref = bucket["spec"].get("deletionPolicy", ""), bucket["spec"].get("bucketClaimRef", {})
    if policy != "Delete":
        return f'will not delete Bucket with non-delete deletion policy "{policy}"'
    if ref.get("uid") and BUCKET_CLAIM_BEING_DELETED not in bucket["metadata"].get("annotations", {}):
        return f"will not delete Bucket bound to a non-deleting BucketClaim: {ref['namespace']}/{ref['name']}"
    return ""


class BucketsV2:
    """The sidecar's reconciler for Buckets."""

    def __init__(self, parts: PartsV2) -> None:
        self._parts = parts
        self._api = parts.api
        self._deletes = calls(parts.policy, Rpc.DELETE)

    def reconciler(self) -> Reconciler:
        """Return it for the runtime."""
        return Reconciler(
            resource=BUCKETS_V2,
            reconcile=self._reconcile,
            concerns=lambda bucket: bucket["spec"].get("driverName") == self._parts.info.name,
            wakes=self._wakes,
            repeats=not self._parts.later,
        )

    def _wakes(self, old: Json, new: Json) -> bool:
        return spec_changed(old, new) or protection_lost(old, new) or (self._deletes and claim_annotated(old, new))

    async def _reconcile(self, bucket: Json) -> None:
        if is_terminating(bucket):
            await self._delete(bucket)
            return
        spec = bucket["spec"]
        wrong = unsupported(self._parts.info.name, self._parts.info.protocols, spec.get("protocols", []))
        if wrong:
            raise TerminalError(wrong)
        if add_finalizer(bucket, PROTECTION):
            await self._api.update(BUCKETS_V2, bucket, "failed to add protection finalizer")
        reply = await (self._find(spec) if spec.get("existingBucketID") else self._create(bucket))
        bucket["status"] = ready_status(reply, spec.get("protocols", []))
        await self._api.update_status(BUCKETS_V2, bucket, _SAVED)

    async def _create(self, bucket: Json) -> BucketReply:
        spec = bucket["spec"]
        ref: Mapping[str, str] = spec.get("bucketClaimRef", {})
        if not all(ref.get(key) for key in ("name", "namespace", "uid")):
            raise TerminalError(f"all bucketClaimRef fields must be set for dynamic provisioning: {_go(ref)}")
        try:
            reply = await self._parts.driver.create(
                bucket["metadata"]["name"],
                parameters=spec.get("parameters") or {},
                protocols=spec.get("protocols", []),
            )
        except DriverError as error:
            raise self._parts.refused(Rpc.CREATE, error) from error
        if not reply.bucket_id:
            raise TerminalError("created bucket ID missing")
        return reply

    async def _find(self, spec: Json) -> BucketReply:
        ref: Mapping[str, str] = spec.get("bucketClaimRef", {})
        if not ref.get("name") or not ref.get("namespace"):
            words = "bucketClaimRef namespace and name must be set for static provisioning"
            raise TerminalError(f"{words}: {_go(ref)}")
        try:
            reply = await self._parts.driver.get_existing(
                spec["existingBucketID"],
                parameters=spec.get("parameters") or {},
                protocols=spec.get("protocols", []),
            )
        except DriverError as error:
            waiting = "waiting for backend bucket to exist: " if error.code is GrpcCode.NOT_FOUND else ""
            raise self._parts.refused(Rpc.GET_EXISTING, error, words=waiting) from error
        if not reply.bucket_id:
            raise TerminalError("existing bucket ID missing in response")
        return reply

    async def _delete(self, bucket: Json) -> None:
        if not self._deletes:
            await self._release(bucket)
            raise TerminalError("deletion is not yet implemented")
        refusal = refuses_deletion(bucket)
        if refusal:
            raise TerminalError(refusal)
        bucket_id = bucket.get("status", {}).get("bucketID")
        if bucket_id:
            try:
                await self._parts.driver.delete(bucket_id, parameters=bucket["spec"].get("parameters") or {})
            except DriverError as error:
                raise self._parts.refused(Rpc.DELETE, error) from error
        await self._release(bucket)

    async def _release(self, bucket: Json) -> None:
        remove_finalizer(bucket, PROTECTION)
        await self._api.update(BUCKETS_V2, bucket, "failed to remove finalizer")


def _go(ref: Mapping[str, str]) -> str:
    fields = ", ".join(f'{word}:"{ref.get(key, "")}"' for word, key in _GO_FIELDS)
    return f"v1alpha2.BucketClaimReference{{{fields}}}"
