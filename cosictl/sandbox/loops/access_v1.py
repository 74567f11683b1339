"""What a v1alpha1 sidecar does about BucketAccesses (v0.2.2 sidecar/pkg/bucketaccess/bucketaccess_controller.go).

Whatever fails after the grant repeats it; a deletion is handled by every sidecar at its own driver; a Secret that is
there already is kept as it is.
"""

import json
from base64 import b64encode
from collections.abc import Mapping
from typing import Final

from cosictl.driver.types import AccessTerms, DriverError, GrantReply, GrantRequest, RevokeRequest
from cosictl.knowledge.finalizers import ACCESS_PROTECTION, BUCKET_ACCESS_BUCKET_PROTECTION, SECRET_PROTECTION
from cosictl.model.refs import Rpc
from cosictl.sandbox.api.metadata import add_finalizer, is_terminating, remove_finalizer
from cosictl.sandbox.api.resources import ACCESS_CLASSES_V1, ACCESSES_V1, BUCKETS_V1, CLAIMS_V1, SECRETS
from cosictl.sandbox.loops.reactions import reaction
from cosictl.sandbox.loops.runtime_v1 import FailedError, Handlers
from cosictl.sandbox.loops.sidecar_parts import PartsV1, StoppedError, rpc_error
from cosictl.sandbox.ports import ApiError, Json

_GRANT: Final = "FailedGrantAccess"
_WAITING: Final = "WaitingForBucket"
_NOT_READY: Final = "BucketAccess can't be granted to Bucket not in Ready state"
_NO_ACCOUNT: Final = "AccountId not defined in DriverGrantBucketAccess"
_BAD_CREDENTIALS: Final = "Credentials returned in DriverGrantBucketAccessResponse should be of length 1"
_NO_SERVICE_ACCOUNT: Final = "ServiceAccountName required when AuthenticationType is IAM"
_NO_SECRET_NAME: Final = "CredentialsSecretName not defined in the BucketAccess"


def bucket_info(access: Json, bucket: str, authentication: str, credentials: Mapping[str, Mapping[str, str]]) -> str:
    """Return the JSON that the Secret holds; keys that the driver spells otherwise are left empty, without a word."""
    spec: Json = {"bucketName": bucket, "authenticationType": authentication, "secretS3": None, "secretAzure": None}
    if "s3" in credentials:
        names = {
            "endpoint": "endpoint",
            "region": "region",
            "accessKeyID": "accessKeyID",
            "accessSecretKey": "accessSecretKey",
        }
        spec["secretS3"] = {key: credentials["s3"].get(name, "") for key, name in names.items()}
    elif "azure" in credentials:
        azure = credentials["azure"]
        spec["secretAzure"] = {
            "accessToken": azure.get("accessToken", ""),
            "expiryTimeStamp": azure.get("expiryTs") or None,
        }
    spec["protocols"] = [access["spec"].get("protocol", "")]
    metadata = {"name": f"bc-{access['metadata']['uid']}", "creationTimestamp": None}
    return json.dumps({"metadata": metadata, "spec": spec}, separators=(",", ":"))


class AccessV1:
    """The handlers for BucketAccesses."""

    def __init__(self, parts: PartsV1) -> None:
        self._parts = parts
        self._api = parts.api
        self._kube = parts.kube

    def handlers(self) -> Handlers:
        """Return them for the runtime."""
        return Handlers(resource=ACCESSES_V1, add=self.add, update=self.update, delete=self.delete)

    async def add(self, access: Json) -> None:
        """Grant an access, or go on with its deletion where the release does; then nothing is recorded."""
        if self._parts.resumes and is_terminating(access):
            await self._revoke(access)
            return
        status = access.get("status", {})
        if status.get("accessGranted") and status.get("accountID"):
            return
        try:
            await self._grant(access)
        except StoppedError:
            return

    async def update(self, access: Json) -> None:
        """Handle an edit. Where an edit leads to a grant, its failure is recorded twice."""
        try:
            if is_terminating(access):
                await self._revoke(access)
            elif self._parts.resumes:
                await self.add(access)
        except (FailedError, ApiError) as error:
            reason = "FailedRevokeAccess" if is_terminating(access) else _GRANT
            raise self._failed(access, str(error), reason) from error

    async def delete(self, access: Json) -> None:
        """Nothing is left to do for an access that is gone."""

    async def _grant(self, access: Json) -> None:
        spec, meta = access["spec"], access["metadata"]
        if not spec.get("credentialsSecretName"):
            raise FailedError(_NO_SECRET_NAME)
        try:
            access_class = await self._api.get(ACCESS_CLASSES_V1, "", spec.get("bucketAccessClassName", ""))
        except ApiError as error:
            raise self._failed(access, error.message) from error
        if not self._parts.serves(access_class.get("driverName", "")):
            return
        bucket = await self._bucket(access, access_class)
        request = GrantRequest(
            account_name=f"ba-{meta['uid']}",
            buckets={bucket["status"]["bucketID"]: ""},
            terms=AccessTerms(
                authentication=access_class.get("authenticationType", ""),
                parameters=access_class.get("parameters") or {},
            ),
        )
        try:
            reply = await self._parts.driver.grant(request)
        except DriverError as error:
            raise self._parts.refused(ACCESSES_V1, access, Rpc.GRANT, error) from error
        self._check(access, reply)
        text = bucket_info(
            access, bucket["metadata"]["name"], access_class.get("authenticationType", ""), reply.credentials
        )
        await self._write_secret(access, text)
        await self._finish(access, bucket, reply.account_id)

    async def _bucket(self, access: Json, access_class: Json) -> Json:
        """Return the Bucket to grant access to, once it and its claim are ready."""
        spec, namespace = access["spec"], access["metadata"]["namespace"]
        try:
            claim = await self._api.get(CLAIMS_V1, namespace, spec.get("bucketClaimName", ""))
        except ApiError as error:
            raise FailedError(f"failed to fetch bucketClaim: {error.message}") from error
        name = claim.get("status", {}).get("bucketName", "")
        if not name or not claim.get("status", {}).get("bucketReady"):
            raise self._failed(access, f"invalid bucket state: {_NOT_READY}", _WAITING)
        if access_class.get("authenticationType") == "IAM" and not spec.get("serviceAccountName"):
            raise self._failed(access, _NO_SERVICE_ACCOUNT)
        try:
            bucket = await self._api.get(BUCKETS_V1, "", name)
        except ApiError as error:
            raise self._failed(access, f"failed to fetch bucket: {error.message}") from error
        ready = bool(bucket.get("status", {}).get("bucketReady"))
        empty = not bucket.get("status", {}).get("bucketID")
        if not ready or empty:
            text = f"{_NOT_READY}: (isReady? {str(ready).lower()}), (ID empty? {str(empty).lower()})"
            raise self._failed(access, text, _WAITING)
        return bucket

    def _check(self, access: Json, reply: GrantReply) -> None:
        name = access["metadata"]["name"]
        if not reply.account_id:
            raise self._failed(access, f"BucketAccess {name}: {_NO_ACCOUNT}")
        if len(reply.credentials) != 1:
            raise self._failed(access, f"BucketAccess {name}: {_BAD_CREDENTIALS}")

    async def _write_secret(self, access: Json, text: str) -> None:
        namespace, name = access["metadata"]["namespace"], access["spec"]["credentialsSecretName"]
        try:
            await self._kube.get(SECRETS, namespace, name)
        except ApiError as error:
            if error.code != 404:
                raise self._failed(access, f"failed to fetch secrets: {error.message}") from error
        else:
            return
        secret = {
            "apiVersion": SECRETS.api_version,
            "kind": SECRETS.kind,
            "metadata": {"name": name, "namespace": namespace, "finalizers": [SECRET_PROTECTION]},
            "data": {"BucketInfo": b64encode(text.encode()).decode()},
            "type": "Opaque",
        }
        try:
            await self._kube.create(SECRETS, namespace, secret)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise self._failed(access, f"failed to create minted secret: {error.message}") from error

    async def _finish(self, access: Json, bucket: Json, account_id: str) -> None:
        name = access["metadata"]["name"]
        if add_finalizer(bucket, BUCKET_ACCESS_BUCKET_PROTECTION):
            try:
                await self._api.update(BUCKETS_V1, bucket)
            except ApiError as error:
                raise self._failed(access, error.message) from error
        written = access
        if add_finalizer(access, ACCESS_PROTECTION):
            try:
                written = await self._api.update(ACCESSES_V1, access)
            except ApiError as error:
                text = f"failed to update finalizer on BucketAccess {name}: {error.message}"
                raise self._failed(access, text) from error
        written["status"] = written.get("status", {}) | {"accountID": account_id, "accessGranted": True}
        try:
            await self._api.update_status(ACCESSES_V1, written)
        except ApiError as error:
            text = f"failed to update Status of BucketAccess {name}: {error.message}"
            raise self._failed(access, text) from error

    async def _revoke(self, access: Json) -> None:
        """Revoke at this sidecar's own driver, whose access it may not be, then drop the Secret and the finalizer."""
        namespace = access["metadata"]["namespace"]
        try:
            claim = await self._api.get(CLAIMS_V1, namespace, access["spec"].get("bucketClaimName", ""))
        except ApiError as error:
            raise FailedError(f"failed to fetch bucketClaim: {error.message}") from error
        try:
            bucket = await self._api.get(BUCKETS_V1, "", claim.get("status", {}).get("bucketName", ""))
        except ApiError as error:
            raise FailedError(f"failed to fetch bucket: {error.message}") from error
        request = RevokeRequest(
            account_id=access.get("status", {}).get("accountID", ""),
            buckets=[bucket.get("status", {}).get("bucketID", "")],
        )
        try:
            await self._parts.driver.revoke(request)
        except DriverError as error:
            # The caller records it, and only where an edit led here.
            if reaction(self._parts.policy, Rpc.REVOKE, error.code).again:
                raise FailedError(f"failed to revoke access: {rpc_error(error)}") from error
            self._parts.refused(ACCESSES_V1, access, Rpc.REVOKE, error)
            return
        if await self._drop_secret(namespace, access["spec"].get("credentialsSecretName", "")):
            remove_finalizer(access, ACCESS_PROTECTION)
            await self._api.update(ACCESSES_V1, access)

    async def _drop_secret(self, namespace: str, name: str) -> bool:
        """Delete the Secret; False, and nothing more is done or said, when that is refused."""
        secret = await self._kube.get(SECRETS, namespace, name)
        if remove_finalizer(secret, SECRET_PROTECTION):
            await self._kube.update(SECRETS, secret)
        try:
            await self._kube.delete(SECRETS, namespace, name)
        except ApiError:
            return False
        return True

    def _failed(self, access: Json, text: str, reason: str = _GRANT) -> FailedError:
        return self._parts.failed(ACCESSES_V1, access, reason, text)
