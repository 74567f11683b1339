"""When a sandbox has come to rest."""

from typing import Any

import pytest

from cosictl.model.refs import Kind, Ref
from cosictl.sandbox.settling import Settling


def bucket(**status: Any) -> dict[str, Any]:
    return {"kind": "Bucket", "metadata": {"name": "b"}, "status": status}


def claim(name: str = "c", **status: Any) -> dict[str, Any]:
    return {"kind": "BucketClaim", "metadata": {"name": name, "namespace": "n"}, "status": status}


def access(claim_name: str) -> dict[str, Any]:
    spec = {"bucketClaimName": claim_name}
    return {"kind": "BucketAccess", "metadata": {"name": "a", "namespace": "n"}, "spec": spec}


TWICE = {Ref(Kind.BUCKET, "", "b"): 2}
GOING = {"kind": "Bucket", "metadata": {"name": "b", "deletionTimestamp": "x"}, "status": {"bucketReady": True}}


@pytest.mark.parametrize(
    ("objects", "records", "rests"),
    [
        ([], {}, True),
        ([bucket(bucketReady=True)], {}, True),
        ([bucket()], {}, False),
        ([bucket()], {Ref(Kind.BUCKET, "", "b"): 1}, False),
        ([bucket()], TWICE, True),
        ([bucket(error={"message": "no"})], {}, True),
        ([bucket(), claim(bucketName="b")], TWICE, True),
        ([bucket(bucketReady=True), claim(bucketName="b")], {}, False),
        ([bucket(), claim(bucketName="b"), access("c")], TWICE, True),
        ([access("ghost")], {}, True),
        ([claim()], {}, False),
        ([GOING], {}, False),
        ([GOING], TWICE, True),
        ([{"kind": "Event", "metadata": {"name": "e"}}], {}, True),
    ],
)
def test_everything_is_ready_stuck_or_waits_for_what_is_stuck(
    objects: list[dict[str, Any]], records: dict[Ref, int], *, rests: bool
) -> None:
    settling = Settling()
    settling.unsettled(objects, {})
    assert (not settling.unsettled(objects, records)) is rests


def test_what_failed_while_it_had_to_wait_may_yet_succeed() -> None:
    settling, waiter = Settling(), Ref(Kind.ACCESS, "n", "a")
    assert settling.unsettled([claim(), access("c")], {waiter: 0})
    ready = [claim(bucketReady=True), access("c")]
    assert settling.unsettled(ready, {waiter: 5}) == (waiter,)
    assert settling.unsettled(ready, {waiter: 6}) == (waiter,)
    assert settling.unsettled(ready, {waiter: 7}) == ()
