"""A made-up v1alpha1 cluster of any size, written as kubectl would print it.

Nine of ten claims are ready; the tenth is one of the scenes below, in turn. The same size gives the same bytes.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec

API: Final = "objectstorage.k8s.io/v1alpha1"
DRIVER: Final = "cosi.example.com"
TAKEN: Final = datetime(2026, 6, 1, 12, 0, 0, tzinfo=UTC)
PARAMETERS: Final = {"region": "eu-1", "tier": "standard"}
PROTECTED: Final = "cosi.objectstorage.k8s.io/bucket-protection"
CLAIM_PROTECTED: Final = "cosi.objectstorage.k8s.io/bucketclaim-protection"
ACCESS_PROTECTED: Final = "cosi.objectstorage.k8s.io/bucketaccess-protection"

Json = dict[str, Any]


def stamp(*, ago: float) -> str:
    """Give the moment ``ago`` seconds before the dump was taken, as Kubernetes writes it."""
    return (TAKEN - timedelta(seconds=ago)).strftime("%Y-%m-%dT%H:%M:%SZ")


def uid_of(number: int, role: int) -> str:
    """Give a UID that is the same in every run; ``role`` tells the objects of one claim apart."""
    return f"{number:08x}-0000-4000-8{role:03x}-{number:012x}"


@dataclass(slots=True)
class Scene:
    """One claim with all that belongs to it; a failing scene is a healthy one that something happened to."""

    number: int
    claim: Json = field(default_factory=dict)
    bucket: Json | None = None
    access: Json | None = None
    events: list[Json] = field(default_factory=list)

    @property
    def bucket_name(self) -> str:
        """The name v0.2.2 gives to the Bucket of a claim."""
        return f"bucket-{uid_of(self.number, 0)}"

    def say(self, obj: Json, reason: str, message: str, *, count: int = 40, ago: float = 20) -> None:
        """Add an event about an object; those of cluster-scoped objects stand in ``default``."""
        meta = obj["metadata"]
        number = len(self.events) + 3
        about = {"apiVersion": API, "kind": obj["kind"], "name": meta["name"], "uid": meta["uid"]}
        namespace = meta.get("namespace")
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {
                "name": f"{meta['name']}.{self.number:016x}",
                "namespace": namespace or "default",
                "uid": uid_of(self.number, number),
                "creationTimestamp": stamp(ago=ago + 30 * count),
            },
            "involvedObject": {**about, "namespace": namespace} if namespace else about,
            "reason": reason,
            "message": message,
            "type": "Warning",
            "count": count,
            "firstTimestamp": stamp(ago=ago + 30 * count),
            "lastTimestamp": stamp(ago=ago),
            "source": {"component": "cosi"},
            "reportingComponent": "cosi",
            "reportingInstance": "",
            "eventTime": None,
        }
        self.events.append(event)

    def unready_bucket(self) -> Json:
        """Put the scene before its first successful create, and give the Bucket."""
        bucket = bucket_of(self)
        del bucket["status"]
        del bucket["metadata"]["finalizers"]
        self.bucket = bucket
        self.claim["status"] = {"bucketReady": False, "bucketName": self.bucket_name}
        self.claim["metadata"].pop("finalizers")
        return bucket


def metadata(scene: Scene, role: int, name: str, namespace: str, finalizer: str) -> Json:
    """Give the metadata of one object of a scene; an empty namespace is cluster scope."""
    where = {"namespace": namespace} if namespace else {}
    return {
        "name": name,
        **where,
        "uid": uid_of(scene.number, role),
        "generation": 1,
        "resourceVersion": str(1000 + 4 * scene.number + role),
        "creationTimestamp": stamp(ago=10_000 + scene.number % 86_400),
        "finalizers": [finalizer],
    }


def namespace_of(scene: Scene) -> str:
    """Spread claims over namespaces of a hundred."""
    return f"team-{scene.number // 100}"


def claim_of(scene: Scene) -> Json:
    """Give a ready claim."""
    return {
        "apiVersion": API,
        "kind": "BucketClaim",
        "metadata": metadata(scene, 0, f"claim-{scene.number}", namespace_of(scene), CLAIM_PROTECTED),
        "spec": {"bucketClassName": "standard", "protocols": ["S3"]},
        "status": {"bucketReady": True, "bucketName": scene.bucket_name},
    }


def bucket_of(scene: Scene) -> Json:
    """Give a ready Bucket."""
    claim = scene.claim["metadata"]
    return {
        "apiVersion": API,
        "kind": "Bucket",
        "metadata": metadata(scene, 1, scene.bucket_name, "", PROTECTED),
        "spec": {
            "driverName": DRIVER,
            "bucketClassName": "standard",
            "bucketClaim": {"namespace": claim["namespace"], "name": claim["name"], "uid": claim["uid"]},
            "deletionPolicy": "Delete",
            "parameters": PARAMETERS,
            "protocols": ["S3"],
        },
        "status": {"bucketReady": True, "bucketID": f"backend-{scene.number}"},
    }


def access_of(scene: Scene) -> Json:
    """Give a granted access."""
    return {
        "apiVersion": API,
        "kind": "BucketAccess",
        "metadata": metadata(scene, 2, f"access-{scene.number}", namespace_of(scene), ACCESS_PROTECTED),
        "spec": {
            "bucketClaimName": f"claim-{scene.number}",
            "bucketAccessClassName": "readwrite",
            "credentialsSecretName": f"secret-{scene.number}",
        },
        "status": {"accessGranted": True, "accountID": f"ba-{uid_of(scene.number, 2)}"},
    }


def failing_create(text: str) -> Callable[[Scene], None]:
    """Make a scene whose create fails with a text; ``{name}`` is the Bucket."""

    def happen(scene: Scene) -> None:
        bucket = scene.unready_bucket()
        message = f"failed to create bucket: {text.format(name=scene.bucket_name, number=scene.number)}"
        scene.say(bucket, "FailedCreateBucket", message)

    return happen


def silent_create(scene: Scene) -> None:
    """Let create fail without a word."""
    scene.unready_bucket()


def lost_hand_off(scene: Scene) -> None:
    """Make the Bucket ready and the claim not."""
    scene.claim["status"]["bucketReady"] = False


def missing_class(scene: Scene) -> None:
    """Let the claim name a class that nobody made."""
    name = f"absent-{scene.number}"
    scene.bucket = None
    scene.claim["spec"]["bucketClassName"] = name
    del scene.claim["status"], scene.claim["metadata"]["finalizers"]
    scene.say(scene.claim, "FailedCreateBucket", f'bucketclasses.objectstorage.k8s.io "{name}" not found', count=200)


def failing_delete(scene: Scene) -> None:
    """Let the claim be deleted while objects are in the bucket."""
    bucket = bucket_of(scene)
    bucket["metadata"]["deletionTimestamp"] = stamp(ago=1800)
    scene.claim["metadata"]["deletionTimestamp"] = stamp(ago=1800)
    scene.bucket = bucket
    text = f"rpc error: code = FailedPrecondition desc = bucket backend-{scene.number} is not empty"
    scene.say(bucket, "FailedDeleteBucket", text, count=60)


def failing_grant(scene: Scene) -> None:
    """Let an access be refused by the backend."""
    access = access_of(scene)
    del access["status"], access["metadata"]["finalizers"]
    scene.access = access
    text = "failed to grant bucket access: rpc error: code = Internal desc = operation error IAM: CreateUser, "
    refused = "https response error StatusCode: 403, api error AccessDenied: not authorized to perform iam:CreateUser"
    scene.say(access, "FailedGrantBucketAccess", text + refused)


def stale_event(scene: Scene) -> None:
    """Let a ready Bucket carry the memory of a restart."""
    text = "failed to create bucket: rpc error: code = Unavailable desc = backend restarting"
    scene.say(bucket_of(scene), "FailedCreateBucket", text, count=4, ago=1200)


TROUBLES: Final[tuple[Callable[[Scene], None], ...]] = (
    failing_create("rpc error: code = InvalidArgument desc = invalid bucket name: {name}"),
    failing_create("rpc error: code = Unavailable desc = dial tcp 192.0.2.7:9000: connect: connection refused"),
    failing_create(
        "rpc error: code = Internal desc = operation error S3: CreateBucket, https response error StatusCode: 403,"
        " RequestID: {number:016X}, HostID: , api error AccessDenied: Access Denied"
    ),
    failing_create("rpc error: code = ResourceExhausted desc = TooManyBuckets: limit of 1000 buckets reached"),
    silent_create,
    lost_hand_off,
    missing_class,
    failing_delete,
    failing_grant,
    stale_event,
)


def scenes(claims: int) -> Iterator[Scene]:
    """Yield as many claims as asked for; every tenth is in trouble, every tenth has a granted access."""
    for number in range(claims):
        scene = Scene(number)
        scene.claim = claim_of(scene)
        scene.bucket = bucket_of(scene)
        if number % 10 == 0:
            TROUBLES[number // 10 % len(TROUBLES)](scene)
        elif number % 10 == 1:
            scene.access = access_of(scene)
        yield scene


def classes() -> list[Json]:
    """Give the two classes that the claims and accesses name."""
    plain = {"metadata": {"name": "standard", "uid": uid_of(0, 8)}, "driverName": DRIVER, "apiVersion": API}
    bucket_class = {**plain, "kind": "BucketClass", "deletionPolicy": "Delete", "parameters": PARAMETERS}
    access_class = {**plain, "kind": "BucketAccessClass", "authenticationType": "Key"}
    access_class["metadata"] = {"name": "readwrite", "uid": uid_of(0, 9)}
    return [bucket_class, access_class]


def write_dump(folder: Path, claims: int) -> int:
    """Write a cluster into ``folder`` as kubectl prints it; the number of objects, events included, comes back."""
    objects, events = classes(), []
    for scene in scenes(claims):
        objects.extend(item for item in (scene.claim, scene.bucket, scene.access) if item is not None)
        events.extend(scene.events)
    objects.sort(key=lambda item: str(item["kind"]))  # kubectl prints one resource after the other
    for name, items in (("objects", objects), ("events", events)):
        text = msgspec.json.encode({"apiVersion": "v1", "kind": "List", "items": items, "metadata": {}})
        (folder / f"{name}.json").write_bytes(msgspec.json.format(text, indent=4))
    (folder / "about.json").write_bytes(msgspec.json.encode({"takenAt": stamp(ago=0)}))
    return len(objects) + len(events)
