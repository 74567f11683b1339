"""The v1alpha1 controller: a Bucket for every claim, and its deletion when the claim goes.

Texts and the order of the writes are those of v0.2.2 controller/pkg/bucketclaim/bucketclaim.go; what other controllers
do differently stands in the rows of ``RELEASES``.
"""

from collections import Counter
from collections.abc import Awaitable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Final

from cosictl.knowledge.finalizers import CLAIM_PROTECTION
from cosictl.knowledge.policies import POLICIES
from cosictl.model.refs import Ref
from cosictl.sandbox.api.metadata import add_finalizer, is_terminating
from cosictl.sandbox.api.resources import BUCKET_CLASSES_V1, BUCKETS_V1, CLAIMS_V1
from cosictl.sandbox.clock import Clock
from cosictl.sandbox.loops.api_client import ApiClient
from cosictl.sandbox.loops.connecting import process
from cosictl.sandbox.loops.lease import CONTROLLER_LEASE, Leader
from cosictl.sandbox.loops.recorder import Recorder, involved
from cosictl.sandbox.loops.runtime_v1 import FailedError, Handlers, Runtime
from cosictl.sandbox.ports import Api, ApiError, Json

NAMESPACE: Final = "container-object-storage-system"
HOLDER: Final = "container-object-storage-controller"
COMPONENT: Final = "cosi-controller-manager"
_NO_CLASS: Final = "cannot find bucket class with the name specified in the bucket claim"
# What the API client says when an earlier conflict has emptied the object that it is asked for.
_NO_NAME: Final = "resource name may not be empty"


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What tells one controller from another.

    ``old_names``: Buckets are named ``<class><claim UID>``. ``silent``: no events. ``resumes``: a deletion is also
    handled after a restart, and a live claim again after an edit. ``refetches``: a conflict is met by reading the
    claim again, which fails by a slip of the code.
    """

    name: str
    old_names: bool = False
    silent: bool = False
    resumes: bool = True
    refetches: bool = True
    source: str


RELEASES: Final[Mapping[str, Release]] = {
    row.name: row
    for row in (
        Release(name="v0.2.2", source="v0.2.2 bucketclaim.go:104-282"),
        Release(
            name="v0.2.2-image",
            old_names=True,
            refetches=False,
            source="image of the v0.2.2 manifest (d904c62): pull request 89 is in, 90 and 197 are not",
        ),
        Release(
            name="v0.2.1",
            old_names=True,
            silent=True,
            resumes=False,
            refetches=False,
            source="image of the v0.2.0 and v0.2.1 manifests (300019f, October 2022)",
        ),
    )
}

# Seconds between the creation of a Bucket and the write that takes the claim's ready flag back. Measured on v0.2.2: a
# driver that answers at once loses the flag, one that takes 100 ms never does.
_HAND_OFF: Final = 0.05
# On a fast clock the sidecar's own work counts for more than it should; so the gap grows with the speed, up to this.
_LONGEST_HAND_OFF: Final = 3.0


def hand_off_gap(speed: float) -> float:
    """Return the seconds after which the controller writes a claim's status, as long as a fast sidecar needs."""
    return max(_HAND_OFF, min(_LONGEST_HAND_OFF, 0.02 * speed))


def bucket_name(release: Release, claim: Json) -> str:
    """Return the name of the Bucket that a claim gets."""
    uid = claim["metadata"]["uid"]
    return f"{claim['spec']['bucketClassName']}{uid}" if release.old_names else f"bucket-{uid}"


def new_bucket(name: str, claim: Json, bucket_class: Json) -> Json:
    """Return the Bucket of a claim: driver, policy and parameters are copied from the class, once."""
    meta = claim["metadata"]
    spec = {
        "driverName": bucket_class["driverName"],
        "bucketClassName": bucket_class["metadata"]["name"],
        "deletionPolicy": bucket_class.get("deletionPolicy", "Retain"),
        "bucketClaim": {key: meta[key] for key in ("name", "namespace", "uid")},
        "protocols": list(claim["spec"].get("protocols", [])),
    }
    if bucket_class.get("parameters"):
        spec["parameters"] = dict(bucket_class["parameters"])
    return {
        "apiVersion": BUCKETS_V1.api_version,
        "kind": BUCKETS_V1.kind,
        "metadata": {"name": name},
        "spec": spec,
    }


class ControllerV1:
    """Runs until cancelled. ``records`` counts the failures of every claim."""

    def __init__(self, api: Api, clock: Clock, release: str = "v0.2.2", namespace: str = NAMESPACE) -> None:
        self._namespace = namespace
        self.records: Counter[Ref] = Counter()
        self._clock = clock
        self._release = RELEASES[release]
        self._api = ApiClient(api, clock, limited=True)
        self._kube = ApiClient(api, clock, limited=True)
        self._recorder = Recorder(self._kube, clock, COMPONENT)

    async def run(self) -> None:
        """Take the Lease, then watch claims."""
        leader = Leader(self._kube, self._clock, namespace=self._namespace, name=CONTROLLER_LEASE, holder=HOLDER)
        await leader.acquire()
        # The controller is built on the same runtime as the sidecar, with the same backoff.
        runtime = Runtime(self._api, self._clock, POLICIES["v0.2.2"].backoff, self.records)
        handlers = Handlers(resource=CLAIMS_V1, add=self._add, update=self._update, delete=self._delete)
        await process(leader.run(), self._recorder.run(), runtime.run(handlers))

    async def _add(self, claim: Json) -> None:
        if self._release.resumes and is_terminating(claim):
            await self._release_bucket(claim)
        elif not claim.get("status", {}).get("bucketReady"):
            await self._provision(claim)

    async def _update(self, claim: Json) -> None:
        if is_terminating(claim):
            await self._release_bucket(claim)
        elif self._release.resumes:
            await self._add(claim)

    async def _delete(self, claim: Json) -> None:
        """Nothing is left to do for a claim that is gone."""

    async def _release_bucket(self, claim: Json) -> None:
        """Delete the Bucket of a claim. The claim itself is freed by the sidecar."""
        name = claim.get("status", {}).get("bucketName")
        if CLAIM_PROTECTION not in claim["metadata"].get("finalizers", []) or not name:
            return
        try:
            await self._api.delete(BUCKETS_V1, "", name)
        except ApiError as error:
            if error.code == 404 and self._release.resumes:
                return
            raise self._failed(claim, error.message, "FailedDeleteBucket") from error

    async def _provision(self, claim: Json) -> None:
        try:
            if claim["spec"].get("existingBucketName"):
                status = await self._adopt(claim)
            else:
                status = await self._create(claim)
            written = await self._write_status(claim, status)
            await self._protect(written)
        except ApiError as error:
            raise self._failed(claim, error.message) from error

    async def _adopt(self, claim: Json) -> Json:
        """Point an existing Bucket to this claim, whoever it pointed to before."""
        bucket = await self._api.get(BUCKETS_V1, "", claim["spec"]["existingBucketName"])
        meta = claim["metadata"]
        bucket["spec"]["bucketClaim"] = {key: meta[key] for key in ("name", "namespace", "uid")}
        bucket["spec"]["protocols"] = list(claim["spec"].get("protocols", []))
        await self._api.update(BUCKETS_V1, bucket)
        return {"bucketName": bucket["metadata"]["name"], "bucketReady": True}

    async def _create(self, claim: Json) -> Json:
        class_name = claim["spec"].get("bucketClassName")
        if not class_name:
            raise self._failed(claim, _NO_CLASS)
        try:
            bucket_class = await self._api.get(BUCKET_CLASSES_V1, "", class_name)
        except ApiError as error:
            raise self._failed(claim, error.message if self._release.resumes else _NO_CLASS) from error
        name = bucket_name(self._release, claim)
        try:
            await self._api.create(BUCKETS_V1, "", new_bucket(name, claim, bucket_class))
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise
        else:
            await self._clock.sleep(hand_off_gap(self._clock.speed))
        return {"bucketName": name, "bucketReady": False}

    async def _write_status(self, claim: Json, status: Json) -> Json:
        latest = await self._latest(claim)
        latest["status"] = latest.get("status", {}) | status
        return await self._written(claim, self._api.update_status(CLAIMS_V1, latest))

    async def _protect(self, claim: Json) -> None:
        latest = await self._latest(claim)
        add_finalizer(latest, CLAIM_PROTECTION)
        await self._written(claim, self._api.update(CLAIMS_V1, latest))

    async def _latest(self, claim: Json) -> Json:
        if not self._release.refetches:
            return deepcopy(claim)
        return await self._api.get(CLAIMS_V1, claim["metadata"]["namespace"], claim["metadata"]["name"])

    async def _written(self, claim: Json, write: Awaitable[Json]) -> Json:
        try:
            return await write
        except ApiError as error:
            if error.reason == "Conflict" and self._release.refetches:
                raise self._failed(claim, _NO_NAME) from error
            raise

    def _failed(self, claim: Json, text: str, reason: str = "FailedCreateBucket") -> FailedError:
        if not self._release.silent:
            self._recorder.warn(involved(claim, CLAIMS_V1.api_version, CLAIMS_V1.kind), reason, text)
        return FailedError(text)
