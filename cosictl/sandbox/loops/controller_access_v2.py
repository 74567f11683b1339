"""The v1alpha2 controller's part of an access: it checks, fills the status, and hands over to the sidecar.

Source: main controller/pkg/reconciler/bucketaccess.go, internal/bucketaccess.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from cosictl.knowledge.annotations import (
    CONTROLLER_MANAGEMENT_OVERRIDE,
    HAS_ACCESS_REFERENCES,
    SIDECAR_CLEANUP_FINISHED,
)
from cosictl.knowledge.finalizers import PROTECTION
from cosictl.sandbox.api.metadata import add_finalizer, is_terminating, remove_finalizer
from cosictl.sandbox.api.resources import ACCESS_CLASSES_V2, ACCESSES_V2, BUCKETS_V2, CLAIMS_V2
from cosictl.sandbox.loops.api_client import ApiClient
from cosictl.sandbox.loops.reflector import Key
from cosictl.sandbox.loops.runtime_v2 import (
    CachedApi,
    Reconciler,
    RetryError,
    TerminalError,
    Watched,
    deletion_began,
    protection_lost,
)
from cosictl.sandbox.ports import ApiError, Json

_HANDED_OVER: Final = ("accessedBuckets", "driverName", "authenticationType")

Found = Mapping[str, Json | None]


def managed_by_sidecar(access: Json) -> bool:
    """Whether an access is the sidecar's to work on, and not the controller's."""
    annotations = access["metadata"].get("annotations", {})
    if CONTROLLER_MANAGEMENT_OVERRIDE in annotations or not access.get("status", {}).get("driverName"):
        return False
    return not is_terminating(access) or SIDECAR_CLEANUP_FINISHED not in annotations


def handed_over(old: Json, new: Json) -> bool:
    """Whether an access changed hands."""
    return managed_by_sidecar(old) != managed_by_sidecar(new)


def is_initialized(access: Json) -> bool:
    """Whether the controller has done its part; TerminalError when it is there in part only."""
    status = access.get("status", {})
    present = [name for name in _HANDED_OVER if status.get(name)]
    if present and len(present) < len(_HANDED_OVER):
        fields = " ".join(f"status.{name}:{str(name in present).lower()}" for name in sorted(_HANDED_OVER))
        raise TerminalError(f"processed a degraded BucketAccess: required fields are only partially set: map[{fields}]")
    return bool(present)


def disallowed(class_spec: Json, spec: Json) -> str:
    """Say what the class does not allow, "" for nothing."""
    found = []
    if class_spec.get("authenticationType") == "ServiceAccount" and not spec.get("serviceAccountName"):
        found.append("serviceAccountName must be specified")
    if class_spec.get("multiBucketAccess", "SingleBucket") == "SingleBucket" and len(spec["bucketClaims"]) > 1:
        found.append("multi-bucket access is disallowed")
    modes = class_spec.get("disallowedBucketAccessModes", [])
    found += [
        f'accessMode "{ref.get("accessMode")}" requested for BucketClaim "{ref["bucketClaimName"]}" is disallowed'
        for ref in spec["bucketClaims"]
        if ref.get("accessMode") in modes
    ]
    return "\n".join(found)


def blockers(claims: Found, protocol: str) -> list[str]:
    """Return what will never let this access be granted."""
    found = []
    for name, claim in claims.items():
        if claim is None:
            continue
        if is_terminating(claim):
            found.append(f'stuck: data integrity for deleting BucketClaim "{name}" is not guaranteed')
        protocols = claim.get("status", {}).get("protocols")
        if protocols and protocol not in protocols:
            found.append(f'BucketClaim "{name}" does not support protocol "{protocol}"')
    return found


def waiting_for(claims: Found, buckets: Found) -> list[str]:
    """Return what the access still waits for."""
    found = []
    for name, claim in claims.items():
        bound = claim.get("status", {}).get("boundBucketName") if claim else None
        bucket = buckets.get(name)
        if claim is None:
            found.append(f'waiting for BucketClaim "{name}" to exist')
        elif not bound:
            found.append(f'waiting for BucketClaim "{name}" to be bound to a Bucket')
        elif bucket is None or not bucket.get("status", {}).get("bucketID"):
            found.append(f'waiting for Bucket "{bound}" for BucketClaim "{name}" to finish provisioning')
        elif not claim["status"].get("readyToUse"):
            found.append(f'waiting for BucketClaim "{name}" to finish provisioning Bucket "{bound}"')
    return found


class ControllerAccessV2:
    """The controller's reconciler for BucketAccesses."""

    def __init__(self, api: ApiClient, *, later: bool) -> None:
        self._api = CachedApi(api)
        self._later = later
        self._known: dict[Key, Json] = {}

    def reconciler(self) -> Reconciler:
        """Return it for the runtime."""
        watched = (
            Watched(resource=CLAIMS_V2, wakes=self._accesses_of_claim),
            Watched(resource=ACCESS_CLASSES_V2, wakes=self._accesses_of_class),
        )
        return Reconciler(
            resource=ACCESSES_V2,
            reconcile=self._reconcile,
            concerns=self._concerns,
            wakes=self._wakes,
            prefix="COSI Controller error: ",
            repeats=not self._later,
            watched=watched if self._later else (),
        )

    def _concerns(self, access: Json) -> bool:
        self._known[access["metadata"]["namespace"], access["metadata"]["name"]] = access
        return not managed_by_sidecar(access)

    def _wakes(self, old: Json, new: Json) -> bool:
        """In main of March 2026 a deletion wakes nobody, and neither does the sidecar's part of it."""
        if protection_lost(old, new):
            return True
        if self._later:
            return handed_over(old, new) or deletion_began(old, new)
        return handed_over(old, new) and not is_terminating(new)

    def _accesses_of_claim(self, claim: Json) -> Iterable[Key]:
        namespace, name = claim["metadata"]["namespace"], claim["metadata"]["name"]
        for key, access in self._known.items():
            names = [ref["bucketClaimName"] for ref in access["spec"]["bucketClaims"]]
            if key[0] == namespace and name in names and not managed_by_sidecar(access):
                yield key

    def _accesses_of_class(self, access_class: Json) -> Iterable[Key]:
        for key, access in self._known.items():
            wanted = access["spec"]["bucketAccessClassName"] == access_class["metadata"]["name"]
            if wanted and not managed_by_sidecar(access):
                yield key

    async def _reconcile(self, access: Json) -> None:
        if managed_by_sidecar(access):
            return
        if is_terminating(access):
            await self._delete(access)
            return
        if is_initialized(access):
            raise TerminalError("processed a BucketAccess that should be managed by COSI Sidecar")
        if add_finalizer(access, PROTECTION):
            await self._api.update(ACCESSES_V2, access, "failed to add protection finalizer")
        claims = await self._claims(access)
        await self._mark(claims)
        access_class = await self._api.get(ACCESS_CLASSES_V2, "", access["spec"]["bucketAccessClassName"])
        await self._initialize(access, access_class["spec"], claims)

    async def _initialize(self, access: Json, class_spec: Json, claims: Found) -> None:
        spec = access["spec"]
        wrong = disallowed(class_spec, spec)
        if wrong:
            raise TerminalError(f"one or more features are disallowed by the BucketAccessClass: {wrong}")
        buckets = await self._buckets(claims)
        stuck = blockers(claims, spec["protocol"])
        if stuck:
            text = " ".join(stuck)
            raise TerminalError(f"access cannot be provisioned for one or more BucketClaims: [{text}]")
        waiting = waiting_for(claims, buckets)
        if waiting:
            text = " ".join(waiting)
            raise RetryError(f"waiting for prerequisites before provisioning access: [{text}]")
        status = {key: value for key, value in access.get("status", {}).items() if key != "error"}
        status.setdefault("readyToUse", False)
        status["accessedBuckets"] = [
            {
                "bucketName": bucket["metadata"]["name"],
                "bucketID": bucket["status"]["bucketID"],
                "bucketClaimName": name,
            }
            for name, bucket in buckets.items()
            if bucket is not None
        ]
        status |= {key: class_spec[key] for key in ("driverName", "authenticationType")}
        if class_spec.get("parameters"):
            status["parameters"] = dict(class_spec["parameters"])
        access["status"] = status
        await self._api.update_status(ACCESSES_V2, access, "")

    async def _claims(self, access: Json) -> Found:
        names = [ref["bucketClaimName"] for ref in access["spec"]["bucketClaims"]]
        for name in names:
            if names.count(name) > 1:
                raise TerminalError(f'BucketClaim "{name}" is referenced more than once')
        namespace = access["metadata"]["namespace"]
        return {name: await self._api.find(CLAIMS_V2, namespace, name) for name in names}

    async def _mark(self, claims: Found) -> None:
        for claim in claims.values():
            if claim is not None and HAS_ACCESS_REFERENCES not in claim["metadata"].get("annotations", {}):
                claim["metadata"].setdefault("annotations", {})[HAS_ACCESS_REFERENCES] = ""
                what = "failed to mark one or more BucketClaims as having a BucketAccess reference"
                await self._api.update(CLAIMS_V2, claim, what)

    async def _buckets(self, claims: Found) -> Found:
        found: dict[str, Json | None] = {}
        for name, claim in claims.items():
            bound = claim.get("status", {}).get("boundBucketName") if claim else None
            try:
                found[name] = await self._api.get(BUCKETS_V2, "", bound) if bound else None
            except ApiError as error:
                if error.code != 404:
                    raise
                text = f'unrecoverable degradation: Bucket "{bound}" for BucketClaim "{name}" has gone missing'
                raise TerminalError(f"could not get one or more Buckets: {text}: {error.message}") from error
        return found

    async def _delete(self, access: Json) -> None:
        if self._later:
            await self._unmark(access)
        remove_finalizer(access, PROTECTION)
        await self._api.update(ACCESSES_V2, access, "failed to remove finalizer")
        if not self._later:
            raise TerminalError("deletion is not yet implemented")

    async def _unmark(self, access: Json) -> None:
        others = await self._api.list(ACCESSES_V2, access["metadata"]["namespace"])
        used = {
            ref["bucketClaimName"]
            for other in others
            if other["metadata"]["name"] != access["metadata"]["name"]
            for ref in other["spec"]["bucketClaims"]
        }
        for name, claim in (await self._claims(access)).items():
            if claim is None or name in used or HAS_ACCESS_REFERENCES not in claim["metadata"].get("annotations", {}):
                continue
            del claim["metadata"]["annotations"][HAS_ACCESS_REFERENCES]
            what = "failed to unmark one or more BucketClaims without referencing BucketAccesses"
            await self._api.update(CLAIMS_V2, claim, what)
