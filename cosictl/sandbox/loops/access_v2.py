"""What a v1alpha2 sidecar does about BucketAccesses (main sidecar/pkg/reconciler/bucketaccess.go).

It reserves the Secrets before it asks the driver, and fills them afterwards. In main of March 2026 the deletion of an
access does not wake it.
"""

from base64 import b64encode
from collections.abc import Mapping
from typing import Final

from cosictl.driver.types import AccessTerms, DriverError, GrantReply, GrantRequest, RevokeRequest
from cosictl.knowledge.annotations import BUCKET_CLAIM_BEING_DELETED, SIDECAR_CLEANUP_FINISHED
from cosictl.knowledge.finalizers import PROTECTION
from cosictl.model.failures import GrpcCode
from cosictl.model.refs import Rpc
from cosictl.sandbox.api.metadata import add_finalizer, is_terminating, remove_finalizer
from cosictl.sandbox.api.resources import ACCESSES_V2, BUCKETS_V2, SECRETS
from cosictl.sandbox.loops.controller_access_v2 import handed_over, is_initialized, managed_by_sidecar
from cosictl.sandbox.loops.runtime_v2 import Reconciler, RetryError, TerminalError, deletion_began, protection_lost
from cosictl.sandbox.loops.sidecar_parts_v2 import PartsV2, bucket_values
from cosictl.sandbox.ports import ApiError, Json

_RESERVING: Final = "failed to reserve one or more Secrets for access info"


def not_accessible(bucket: Json, expected_id: str) -> str:
    """Say why no access to a Bucket can be granted, "" where it can."""
    name, found_id = bucket["metadata"]["name"], bucket.get("status", {}).get("bucketID", "")
    found = []
    if BUCKET_CLAIM_BEING_DELETED in bucket["metadata"].get("annotations", {}):
        found.append(f'BucketClaim for Bucket "{name}" is deleting')
    if is_terminating(bucket):
        found.append(f'Bucket "{name}" is deleting')
    if not found_id:
        found.append(f'Bucket "{name}" has no bucketID')
    if found_id != expected_id:
        found.append(f'Bucket "{name}" ID "{found_id}" does not match expected ID "{expected_id}"')
    return "\n".join(found)


def invalid_reply(reply: GrantReply, asked: Mapping[str, str]) -> str:
    """Say what is wrong with a driver's answer, "" for nothing."""
    broken = []
    if not reply.account_id:
        broken.append("missing account ID")
    if not reply.credentials:
        broken.append("shared credentials are invalid: missing credentials")
    if broken:
        return "granted access response is invalid: " + "\n".join(broken)
    wrong = [f'granted access missing for bucket ID "{name}"' for name in asked if name not in reply.buckets]
    wrong += [f'granted access to unknown bucket with ID "{name}"' for name in reply.buckets if name not in asked]
    return "granted access is invalid: " + "\n".join(wrong) if wrong else ""


def secret_values(protocol: str, reply: GrantReply, bucket_id: str) -> dict[str, str]:
    """Return the data of one Secret: the protocol, the shared credentials, and what is known of the bucket."""
    found = {"COSI_PROTOCOL": protocol}
    for source in (reply.credentials, reply.buckets[bucket_id]):
        for name, fields in source.items():
            found |= bucket_values(name, fields)
    return found


def owned_by(secret: Json, access: Json) -> bool:
    """Whether an access is the controlling owner of a Secret."""
    owners = secret["metadata"].get("ownerReferences", [])
    return any(owner.get("controller") and owner.get("uid") == access["metadata"]["uid"] for owner in owners)


class AccessV2:
    """The sidecar's reconciler for BucketAccesses."""

    def __init__(self, parts: PartsV2) -> None:
        self._parts = parts
        self._api = parts.api

    def reconciler(self) -> Reconciler:
        """Return it for the runtime."""
        return Reconciler(
            resource=ACCESSES_V2,
            reconcile=self._reconcile,
            concerns=lambda access: access.get("status", {}).get("driverName") == self._parts.info.name,
            wakes=self._wakes,
            prefix="COSI Sidecar error: ",
            repeats=not self._parts.later,
        )

    def _wakes(self, old: Json, new: Json) -> bool:
        seen = handed_over(old, new) or protection_lost(old, new)
        return seen or (self._parts.later and deletion_began(old, new))

    async def _reconcile(self, access: Json) -> None:
        if not managed_by_sidecar(access):
            return
        if is_terminating(access):
            await self._delete(access)
            return
        if not is_initialized(access):
            raise TerminalError("processed a BucketAccess that should be managed by COSI Controller")
        if add_finalizer(access, PROTECTION):
            await self._api.update(ACCESSES_V2, access, "failed to add protection finalizer")
        await self._check_buckets(access)
        secrets = await self._reserve(access)
        asked = self._asked(access)
        reply = await self._grant(access, asked)
        wrong = invalid_reply(reply, asked)
        if wrong:
            raise TerminalError(wrong)
        await self._fill(access, secrets, reply)
        kept = {key: value for key, value in access["status"].items() if key != "error"}
        access["status"] = kept | {"accountID": reply.account_id, "readyToUse": True}
        what = "failed to update BucketAccess status after successful access grant"
        await self._api.update_status(ACCESSES_V2, access, what)

    async def _grant(self, access: Json, asked: Mapping[str, str]) -> GrantReply:
        name = f"ba-{access['metadata']['uid']}"
        try:
            return await self._parts.driver.grant(GrantRequest(account_name=name, buckets=asked, terms=_terms(access)))
        except DriverError as error:
            several = error.code is GrpcCode.OUT_OF_RANGE
            words = "driver does not support multi-bucket access: " if several else ""
            raise self._parts.refused(Rpc.GRANT, error, words=words) from error

    def _asked(self, access: Json) -> dict[str, str]:
        """Return bucket IDs with the access mode that the claim's entry asks for."""
        modes = {ref["bucketClaimName"]: ref.get("accessMode", "") for ref in access["spec"]["bucketClaims"]}
        entries = access["status"]["accessedBuckets"]
        return {entry["bucketID"]: modes.get(entry["bucketClaimName"], "") for entry in entries}

    async def _check_buckets(self, access: Json) -> None:
        wrong: list[str] = []
        passing: list[str] = []
        for entry in access["status"]["accessedBuckets"]:
            try:
                bucket = await self._api.get(BUCKETS_V2, "", entry["bucketName"])
            except ApiError as error:
                (wrong if error.code == 404 else passing).append(error.message)
                continue
            why = not_accessible(bucket, entry["bucketID"])
            if why:
                wrong.append(f"cannot generate access for one or more Buckets: {why}")
        if wrong or passing:
            text = "failed to get accessed Buckets: " + "\n".join((*wrong, *passing))
            raise TerminalError(text) if wrong else RetryError(text)

    async def _reserve(self, access: Json) -> dict[str, Json]:
        """Create the Secrets, empty, or take those that are this access's own."""
        found: dict[str, Json] = {}
        wrong: list[str] = []
        passing: list[str] = []
        for ref in access["spec"]["bucketClaims"]:
            name = ref["accessSecretName"]
            if name in found:
                wrong.append(f'multiple referenced BucketClaims use the same accessSecretName "{name}"')
                continue
            try:
                found[name] = await self._secret(access, name)
            except TerminalError as error:
                wrong.append(str(error))
            except (ApiError, RetryError) as error:
                passing.append(str(error))
        if wrong or passing:
            text = f"{_RESERVING}: " + "\n".join((*wrong, *passing))
            raise TerminalError(text) if wrong else RetryError(text)
        return found

    async def _secret(self, access: Json, name: str) -> Json:
        namespace = access["metadata"]["namespace"]
        secret = await self._api.find(SECRETS, namespace, name)
        if secret is None:
            return await self._api.create(SECRETS, namespace, _new_secret(access, name))
        if not owned_by(secret, access):
            raise TerminalError(f'existing access Secret "{name}" does not belong to BucketAccess')
        add_finalizer(secret, PROTECTION)
        await self._api.update(SECRETS, secret, "")
        return secret

    async def _fill(self, access: Json, secrets: Mapping[str, Json], reply: GrantReply) -> None:
        ids = {entry["bucketClaimName"]: entry["bucketID"] for entry in access["status"]["accessedBuckets"]}
        for ref in access["spec"]["bucketClaims"]:
            secret = secrets[ref["accessSecretName"]]
            values = secret_values(access["spec"]["protocol"], reply, ids[ref["bucketClaimName"]])
            secret["data"] = {key: b64encode(value.encode()).decode() for key, value in values.items()}
            name = secret["metadata"]["name"]
            what = f'failed to update BucketAccess Secret "{name}" with bucket and credential info'
            await self._api.update(SECRETS, secret, f"failed to update one or more BucketAccess Secrets: {what}")

    async def _delete(self, access: Json) -> None:
        status = {key: value for key, value in access.get("status", {}).items() if key != "error"}
        access["status"] = status | {"readyToUse": False}
        what = "failed to update BucketAccess status before deletion"
        await self._api.update_status(ACCESSES_V2, access, what)
        await self._delete_secrets(access)
        account = access["status"].get("accountID")
        if account:
            ids = [entry["bucketID"] for entry in access["status"].get("accessedBuckets", [])]
            request = RevokeRequest(account_id=account, buckets=ids, terms=_terms(access))
            try:
                await self._parts.driver.revoke(request)
            except DriverError as error:
                raise self._parts.refused(Rpc.REVOKE, error) from error
        access["metadata"].setdefault("annotations", {})[SIDECAR_CLEANUP_FINISHED] = ""
        what = "failed to update BucketAccess after successful access revocation"
        await self._api.update(ACCESSES_V2, access, what)

    async def _delete_secrets(self, access: Json) -> None:
        for ref in access["spec"]["bucketClaims"]:
            secret = await self._api.find(SECRETS, access["metadata"]["namespace"], ref["accessSecretName"])
            if secret is None or not owned_by(secret, access):
                continue
            if remove_finalizer(secret, PROTECTION):
                await self._api.update(SECRETS, secret, "failed to remove protection finalizer from access Secret")
            await self._api.delete(SECRETS, secret)


def _terms(access: Json) -> AccessTerms:
    spec, status = access["spec"], access["status"]
    return AccessTerms(
        protocol=spec["protocol"],
        authentication=status.get("authenticationType", ""),
        service_account=spec.get("serviceAccountName", ""),
        parameters=status.get("parameters") or {},
    )


def _new_secret(access: Json, name: str) -> Json:
    meta = access["metadata"]
    owner = {
        "apiVersion": ACCESSES_V2.api_version,
        "kind": ACCESSES_V2.kind,
        "name": meta["name"],
        "uid": meta["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
    return {
        "apiVersion": SECRETS.api_version,
        "kind": SECRETS.kind,
        "metadata": {
            "name": name,
            "namespace": meta["namespace"],
            "finalizers": [PROTECTION],
            "ownerReferences": [owner],
        },
        "type": "Opaque",
    }
