"""The request of a sidecar for an object in its present state: a truth table, and both recordings whole.

Expected requests follow the sources named in ``driver/reproduce.py``; of the recordings, the driver's own log says
which calls were made.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cosictl.driver.reproduce import Idle, Repeated, Surroundings, repeat
from cosictl.flows.asked import Named
from cosictl.flows.reproduce import subject_of
from cosictl.intake.files import load_dump
from cosictl.model.copying import replace
from cosictl.model.objects import Access, AccessClass, AccessedBucket, Bucket, Claim, ClaimLink, Meta
from cosictl.model.refs import Api, Kind, Rpc

V1, V2 = Api
RECORDED = Path(__file__).parent / "recorded"
GOLDEN = Path(__file__).parent / "golden-requests"
THEN = datetime(2026, 3, 1, tzinfo=UTC)
PROTECTED = "cosi.objectstorage.k8s.io/bucket-protection"
LINK = ClaimLink(namespace="team-a", name="photos", uid="u-claim")


def bucket(api: Api = V1, **changes: Any) -> Bucket:
    plain = Bucket(
        api=api,
        meta=Meta(name="b", uid="u-bucket"),
        driver="d",
        class_name="c" if api is V1 else "",
        deletion_policy="Delete",
        parameters={"region": "eu"},
        protocols=("S3", "GCS"),
        claim=LINK,
    )
    return replace(plain, **changes)


def gone(finalizers: tuple[str, ...] = (PROTECTED,)) -> Meta:
    return Meta(name="b", uid="u-bucket", deleted=THEN, finalizers=finalizers)


def access(api: Api = V1, **changes: Any) -> Access:
    plain = Access(
        api=api,
        meta=Meta(name="a", namespace="team-a", uid="u-access"),
        claim_names=("photos",),
        class_name="keys",
        secret_names=("s",),
        protocol="S3",
        service_account="app",
    )
    if api is V2:
        plain = replace(
            plain,
            driver="d",
            accessed=(AccessedBucket(name="b", bucket_id="id-b", claim_name="photos"),),
            modes={"photos": "ReadOnly"},
            auth_type="Key",
            parameters={"quota": "1"},
        )
    return replace(plain, **changes)


LEAVING = Meta(name="a", namespace="team-a", uid="u-access", deleted=THEN)
READY = bucket(ready=True, bucket_id="id-b")
KEYS = AccessClass(api=V1, meta=Meta(name="keys"), driver="d", auth_type="Key", parameters={"quota": "1"})
CLAIM = Claim(api=V1, meta=Meta(name="photos", namespace="team-a"), ready=True, bucket_name="b")
AROUND = Surroundings(claims={"photos": CLAIM}, buckets={"b": READY}, access_class=KEYS)
AROUND2 = Surroundings(buckets={"b": bucket(V2, bucket_id="id-b")})

V2_CREATE = {"name": "b", "protocols": [{"type": "S3"}, {"type": "GCS"}], "parameters": {"region": "eu"}}
V2_TERMS = {
    "protocol": {"type": "S3"},
    "authentication_type": {"type": "KEY"},
    "service_account_name": "app",
    "parameters": {"quota": "1"},
}


@pytest.mark.parametrize(
    ("item", "around", "rpc", "key", "request_"),
    [
        (bucket(), None, Rpc.CREATE, "b", {"name": "b", "parameters": {"region": "eu"}}),
        (bucket(parameters={}), None, Rpc.CREATE, "b", {"name": "b"}),
        (
            bucket(meta=gone(), bucket_id="id-b"),
            None,
            Rpc.DELETE,
            "id-b",
            {"bucket_id": "id-b", "delete_context": {"region": "eu"}},
        ),
        (bucket(V2), None, Rpc.CREATE, "b", V2_CREATE),
        (bucket(V2, ready=True, bucket_id="id-b"), None, Rpc.CREATE, "b", V2_CREATE),
        (
            bucket(V2, existing_id="old"),
            None,
            Rpc.GET_EXISTING,
            "old",
            {"existing_bucket_id": "old", "protocols": V2_CREATE["protocols"], "parameters": {"region": "eu"}},
        ),
        (
            bucket(V2, meta=gone(()), bucket_id="id-b"),
            None,
            Rpc.DELETE,
            "id-b",
            {"bucket_id": "id-b", "parameters": {"region": "eu"}},
        ),
        (
            access(),
            AROUND,
            Rpc.GRANT,
            "ba-u-access",
            {"bucket_id": "id-b", "name": "ba-u-access", "authentication_type": "Key", "parameters": {"quota": "1"}},
        ),
        (
            access(),
            replace(AROUND, access_class=replace(KEYS, auth_type="IAM")),
            Rpc.GRANT,
            "ba-u-access",
            {"bucket_id": "id-b", "name": "ba-u-access", "authentication_type": "IAM", "parameters": {"quota": "1"}},
        ),
        (
            access(meta=LEAVING, account_id="acc"),
            AROUND,
            Rpc.REVOKE,
            "acc",
            {"bucket_id": "id-b", "account_id": "acc"},
        ),
        (
            access(V2),
            AROUND2,
            Rpc.GRANT,
            "ba-u-access",
            {
                "account_name": "ba-u-access",
                **V2_TERMS,
                "buckets": [{"bucket_id": "id-b", "access_mode": {"mode": "READ_ONLY"}}],
            },
        ),
        (
            access(V2, meta=LEAVING, account_id="acc"),
            AROUND2,
            Rpc.REVOKE,
            "acc",
            {"account_id": "acc", **V2_TERMS, "buckets": [{"bucket_id": "id-b"}]},
        ),
    ],
)
def test_what_a_sidecar_sends(
    item: Bucket | Access, around: Surroundings | None, rpc: Rpc, key: str, request_: dict[str, Any]
) -> None:
    found = repeat(item, around or Surroundings())
    assert isinstance(found, Repeated)
    assert (found.rpc, found.key, found.call.api) == (rpc, key, item.api)
    assert found.call.document == request_


@pytest.mark.parametrize(
    ("item", "around", "why"),
    [
        (bucket(ready=True, bucket_id="x"), None, "it is ready"),
        (bucket(existing_id="old"), None, "existingBucketID"),
        (bucket(class_name=""), None, "names no BucketClass"),
        (bucket(meta=gone(())), None, "no bucket-protection finalizer"),
        (bucket(meta=gone(), deletion_policy="Retain"), None, "deletionPolicy is Retain"),
        (bucket(meta=gone(), deletion_policy=""), None, "deletionPolicy is empty"),
        (bucket(V2, claim=None), None, "bucketClaimRef is not complete"),
        (bucket(V2, claim=replace(LINK, uid="")), None, "bucketClaimRef is not complete"),
        (bucket(V2, claim=ClaimLink(), existing_id="old"), None, "lacks name or namespace"),
        (bucket(V2, meta=gone(), deletion_policy="Retain", bucket_id="x"), None, "deletionPolicy is Retain"),
        (bucket(V2, meta=gone()), None, "no bucketID"),
        (access(ready=True, account_id="acc"), AROUND, "it is granted"),
        (access(secret_names=()), AROUND, "names no Secret"),
        (access(), replace(AROUND, access_class=None), "BucketAccessClass keys was not found"),
        (access(), replace(AROUND, claims={}), "claim photos was not found"),
        (access(), replace(AROUND, claims={"photos": replace(CLAIM, ready=False)}), "claim photos is not ready"),
        (access(), replace(AROUND, claims={"photos": replace(CLAIM, bucket_name="")}), "claim photos is not ready"),
        (
            access(service_account=""),
            replace(AROUND, access_class=replace(KEYS, auth_type="IAM")),
            "serviceAccountName",
        ),
        (access(), replace(AROUND, buckets={}), "Bucket b was not found"),
        (access(), replace(AROUND, buckets={"b": bucket()}), "Bucket b is not ready"),
        (access(meta=LEAVING), replace(AROUND, claims={}), "fails before it revokes"),
        (access(meta=LEAVING), replace(AROUND, buckets={}), "fails before it revokes"),
        (access(V2, accessed=()), AROUND2, "not handed it"),
        (access(V2, driver=""), AROUND2, "not handed it"),
        (access(V2), Surroundings(), "Bucket b was not found"),
        (access(V2), Surroundings(buckets={"b": bucket(V2, bucket_id="other")}), "another bucketID"),
        (access(V2), Surroundings(buckets={"b": bucket(V2, bucket_id="id-b", meta=gone())}), "being deleted"),
        (access(V2, meta=LEAVING), AROUND2, "no accountID"),
    ],
)
def test_when_a_sidecar_sends_nothing(item: Bucket | Access, around: Surroundings | None, why: str) -> None:
    found = repeat(item, around or Surroundings())
    assert isinstance(found, Idle)
    assert why in found.why


def requests_of(version: str) -> dict[str, Repeated | Idle]:
    """The request for every Bucket and access of a recording."""
    builder, snapshot = load_dump([str(RECORDED / version / "objects.json")], keep_exact=True)
    found = {}
    for kind, items in ((Kind.BUCKET, snapshot.buckets), (Kind.ACCESS, snapshot.accesses)):
        for item in items:
            subject = subject_of(snapshot, Named(kind=kind, name=item.meta.name), item.meta.namespace)
            around = Surroundings(claims=subject.claims, buckets=subject.buckets, access_class=subject.access_class)
            found[str(item.ref)] = repeat(builder.exact(item), around)
    return found


def calls_of(version: str) -> dict[str, list[tuple[str, str]]]:
    """The recorded calls by key, in their order: method and code."""
    calls: dict[str, list[tuple[str, str]]] = {}
    for line in (RECORDED / version / "driver-calls.jsonl").read_text().splitlines():
        entry = json.loads(line)
        calls.setdefault(entry["key"], []).append((entry["method"], entry["code"]))
    return calls


# Requests that no driver of the recordings got, and why: the object is another driver's, the driver does not offer the
# protocol (which the sidecar sees before it calls), and a deletion that main's sidecar has not noticed.
UNSENT = {
    "v1alpha1": {"Bucket/bucket-7893446b-60bd-4f16-87b3-4a712c520429"},
    "v1alpha2": {
        "Bucket/bc-13d4fc50-37bb-40f9-87ac-e93e88e46935",
        "Bucket/bc-6ca9079f-2fdf-4c49-a356-d8c37ae0c87c",
        "BucketAccess/team-a/acc-ok",
    },
}


@pytest.mark.parametrize("version", ["v1alpha1", "v1alpha2"])
def test_every_request_is_one_that_the_driver_got(version: str) -> None:
    calls = calls_of(version)
    sent = {name: found for name, found in requests_of(version).items() if isinstance(found, Repeated)}
    assert len(sent) > 15
    unlike = {name for name, found in sent.items() if calls.get(found.key, [("", "")])[-1][0] != found.rpc.value}
    assert unlike == UNSENT[version]


@pytest.mark.parametrize("version", ["v1alpha1", "v1alpha2"])
def test_every_call_that_goes_on_failing_is_repeated(version: str) -> None:
    found = requests_of(version)
    keys = {request.key for request in found.values() if isinstance(request, Repeated)}
    failing = {key for key, calls in calls_of(version).items() if calls[-1][1] != "OK"}
    there = {key for key in failing if f"Bucket/{key}" in found}
    assert len(there) == 15
    assert there - keys == set()


@pytest.mark.parametrize("version", ["v1alpha1", "v1alpha2"])
def test_the_requests_of_a_recording_are_these(version: str, request: pytest.FixtureRequest) -> None:
    told = {
        name: {"nothing": found.why}
        if isinstance(found, Idle)
        else {"method": found.rpc.value, "key": found.key, "request": found.call.document, "notes": list(found.notes)}
        for name, found in sorted(requests_of(version).items())
    }
    text = json.dumps(told, indent=1, sort_keys=True) + "\n"
    path = GOLDEN / f"{version}.json"
    if request.config.getoption("--update-golden"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text
