"""What the cluster knows about a driver and what it holds: names, pods, owners; and the digest of a design."""

from datetime import UTC, datetime

import pytest

from cosictl.diagnosis.graph import link
from cosictl.errors import NotFoundError, NothingToSendError, UsageError
from cosictl.flows.asked import Named
from cosictl.flows.driver_names import wanted_by
from cosictl.flows.driver_pods import pods_of_driver
from cosictl.flows.owners import owners_of
from cosictl.flows.reproduce import subject_of
from cosictl.model.copying import replace
from cosictl.model.failures import Cause, Classification, FixBy, GrpcCode
from cosictl.model.objects import Access, AccessClass, Bucket, BucketClass, Claim, Container, Lease, Meta, Pod
from cosictl.model.refs import Api, Kind, Ref
from cosictl.model.snapshot import Snapshot, TimeBasis
from cosictl.remedy.digest import LENGTH, digest_of, fingerprint, pinned

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
V1, V2 = Api
EMPTY = Snapshot(taken_at=NOW, basis=TimeBasis.DUMP, source="test")
IMAGE = "registry.k8s.io/sig-storage/objectstorage-sidecar:v0.2.2"


def bucket(name: str = "b", driver: str = "d", *, bucket_id: str = "", existing_id: str = "") -> Bucket:
    meta = Meta(name=name, uid=f"u-{name}")
    return Bucket(api=V1, meta=meta, driver=driver, class_name="c", bucket_id=bucket_id, existing_id=existing_id)


def test_names_are_compared_exactly_and_without_case() -> None:
    snapshot = replace(
        EMPTY,
        bucket_classes=(
            BucketClass(api=V1, meta=Meta(name="same"), driver="cosi.x"),
            BucketClass(api=V1, meta=Meta(name="loud"), driver="COSI.x"),
        ),
        access_classes=(AccessClass(api=V1, meta=Meta(name="keys"), driver="other"),),
        buckets=(bucket(driver="cosi.x"),),
        accesses=(Access(api=V1, meta=Meta(name="a", namespace="n")),),
    )
    found = wanted_by(snapshot, "cosi.x")
    assert found.exactly == (Ref(Kind.BUCKET_CLASS, "", "same"), Ref(Kind.BUCKET, "", "b"))
    assert found.but_for_case == ((Ref(Kind.BUCKET_CLASS, "", "loud"), "COSI.x"),)
    assert found.others == ("other",)


def pod(name: str, image: str = IMAGE) -> Pod:
    return Pod(meta=Meta(name=name, namespace="ns"), containers=(Container(name="s", image=image),))


def lease(name: str, holder: str) -> Lease:
    return Lease(meta=Meta(name=name, namespace="ns"), holder=holder, renewed=NOW, duration=150)


@pytest.mark.parametrize(
    ("pods", "leases", "found"),
    [
        ((pod("a"), pod("b")), (lease("cosi-x-cosi", "b"),), (("ns", "b"),)),
        ((pod("a"), pod("b")), (lease("cosi-sidecar-leader-cosi.x", "b_1234"),), (("ns", "b"),)),
        ((), (lease("cosi-x-cosi", "b"),), (("ns", "b"),)),
        ((pod("a"), pod("b")), (lease("cosi-x-cosi", "gone"),), (("ns", "a"), ("ns", "b"))),
        ((pod("a"), pod("b")), (lease("cosi-x-cosi", ""),), (("ns", "a"), ("ns", "b"))),
        ((pod("a"),), (lease("other-cosi", "z"),), (("ns", "a"),)),
        ((pod("a", "example.com/unknown:1"),), (), ()),
    ],
)
def test_the_pod_of_a_driver(
    pods: tuple[Pod, ...], leases: tuple[Lease, ...], found: tuple[tuple[str, str], ...]
) -> None:
    assert pods_of_driver(link(replace(EMPTY, pods=pods, leases=leases)), "cosi.x") == found


def test_owners_of_what_lies_in_the_backend() -> None:
    access = Access(api=V1, meta=Meta(name="a", namespace="n", uid="u"), account_id="acc")
    snapshot = replace(
        EMPTY, buckets=(bucket("x", bucket_id="id"), bucket("y", existing_id="old"), bucket("z")), accesses=(access,)
    )
    for key, names in {"id": ["x"], "old": ["y"], "z": ["z"], "acc": ["a"], "ba-u": ["a"], "none": [], "": []}.items():
        assert [item.meta.name for item in owners_of(snapshot, {key} - {""})] == names


def test_a_claim_without_a_bucket_has_nothing_to_send() -> None:
    snapshot = replace(EMPTY, claims=(Claim(api=V1, meta=Meta(name="c", namespace="n", uid="u"), class_name="k"),))
    with pytest.raises(NothingToSendError, match="has no Bucket yet"):
        subject_of(snapshot, Named(kind=Kind.CLAIM, name="c"), "n")


def test_classes_and_unknown_names_are_no_subject() -> None:
    snapshot = replace(EMPTY, bucket_classes=(BucketClass(api=V1, meta=Meta(name="k"), driver="d"),))
    with pytest.raises(UsageError, match="no driver is asked about classes"):
        subject_of(snapshot, Named(kind=Kind.BUCKET_CLASS, name="k"), "")
    with pytest.raises(NotFoundError):
        subject_of(snapshot, Named(kind=Kind.BUCKET, name="none"), "")


def test_a_digest_is_of_the_content_and_not_of_its_order() -> None:
    assert digest_of({"a": 1, "b": [1, 2]}) == digest_of({"b": [1, 2], "a": 1})
    assert digest_of({"a": 1, "b": [1, 2]}) != digest_of({"a": 1, "b": [2, 1]})
    assert len(digest_of({})) == LENGTH


def test_what_pins_an_object_is_what_must_not_move() -> None:
    meta = Meta(name="b", uid="u", generation=3, finalizers=("f",), deleted=NOW, resource_version="9")
    item = Bucket(api=V1, meta=meta)
    moved = [
        replace(meta, uid="v"),
        replace(meta, generation=4),
        replace(meta, finalizers=()),
        replace(meta, deleted=None),
    ]
    assert all(pinned(replace(item, meta=other)) != pinned(item) for other in moved)
    # The loop itself moves the version at every attempt.
    assert pinned(replace(item, meta=replace(meta, resource_version="10"))) == pinned(item)


def test_a_fingerprint_tells_failures_apart() -> None:
    found = Classification(
        retryable=False, cause=Cause.QUOTA, fix_by=FixBy.ADMIN, rule="r", grpc_code=GrpcCode.INTERNAL
    )
    assert fingerprint(found, "t") == {"code": "Internal", "cause": "quota", "rule": "r", "text": "t"}
    assert fingerprint(None, "t") == {}
