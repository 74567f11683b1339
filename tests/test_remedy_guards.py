"""Each guard's truth table: one world in which the step is allowed, and one change after another that forbids it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import pytest

from cosictl.knowledge.annotations import MARK, QUARANTINED_DRIVER
from cosictl.knowledge.finalizers import ACCESS_PROTECTION, BUCKET_PROTECTION, CLAIM_PROTECTION
from cosictl.model.copying import replace
from cosictl.model.objects import Claim, Meta
from cosictl.model.plan import Action, Step
from cosictl.model.refs import Api, Ref
from cosictl.model.snapshot import Snapshot
from cosictl.remedy.guard import Situation
from cosictl.remedy.guards import GUARDS, refusal
from cosictl.remedy.steps import step_of
from cosictl.remedy.world import World, world_of
from tests.remedy_worlds import (
    ACCESS,
    BUCKET,
    CLAIM,
    DRIVER,
    LONG_AGO,
    NAME,
    NOW,
    REFUSED,
    access,
    bucket,
    claim,
    lease,
    looping,
    meta,
    pod,
    revoking,
    unread,
)


def held(by: Meta, **fields: Any) -> Meta:
    return replace(by, annotations={MARK: json.dumps({"by": "jane", "hold": True, **fields})})


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a table: what the world became since the plan, and the guard that says no ("" for none)."""

    why: str
    now: Snapshot
    guard: str = ""
    even: frozenset[Ref] = frozenset()
    confirmed: frozenset[str] = frozenset()


def check(step: Callable[[World], Step], planned: Snapshot, row: Row) -> None:
    made = step(world_of(planned, {("team-a", "reader-secret"): None}))
    world = world_of(row.now, {("team-a", "reader-secret"): None})
    found = refusal(
        Situation(step=made, world=world, even_if_retrying=row.even, confirmed=row.confirmed),
    )
    assert (found.guard if found is not None else "") == row.guard, found
    assert found is None or found.reason


def deleting(world: World) -> Step:
    return step_of(world, Action.DELETE_OBJECT, CLAIM, solves=BUCKET, why="a test")


b, c = bucket(), claim()
OTHER_FAILURE: Final = replace(
    REFUSED, message="failed to create bucket: rpc error: code = PermissionDenied desc = access denied"
)
PASSING: Final = replace(
    REFUSED, message="failed to create bucket: rpc error: code = Unavailable desc = connection refused"
)
SHARED: Final = Claim(
    api=Api.V1ALPHA1, meta=meta("other", "c2", "team-b"), existing_bucket=NAME, bucket_name=NAME, has_status=True
)
GRANTED: Final = access(meta=meta("reader", "a1", "team-a"))
MADE: Final = bucket(meta=meta(NAME, "b1", finalizers=(BUCKET_PROTECTION,)), bucket_id="id-1")
DELETION: Final = (
    Row(why="nothing moved", now=looping()),
    Row(why="the loop counted on", now=looping(events=(replace(REFUSED, count=99, last=NOW),))),
    Row(why="a version moved", now=looping(claims=(claim(meta=replace(c.meta, resource_version="77")),))),
    Row(why="gone", now=looping(claims=()), guard="same-uid"),
    Row(why="made anew", now=looping(claims=(claim(meta=replace(c.meta, uid="c9")),)), guard="same-uid"),
    Row(why="spec changed", now=looping(claims=(claim(meta=replace(c.meta, generation=2)),)), guard="same-generation"),
    Row(why="being deleted", now=looping(claims=(claim(meta=replace(c.meta, deleted=NOW)),)), guard="same-deletion"),
    Row(why="freed", now=looping(claims=(claim(meta=replace(c.meta, finalizers=())),)), guard="same-finalizers"),
    Row(why="fails otherwise", now=looping(events=(OTHER_FAILURE,)), guard="same-failure"),
    Row(why="fails no more", now=looping(events=()), guard="same-failure"),
    Row(why="held", now=looping(claims=(claim(meta=held(c.meta)),)), guard="not-held"),
    Row(why="its Bucket held", now=looping(buckets=(bucket(meta=held(b.meta)),)), guard="not-held"),
    Row(
        why="was held",
        now=looping(claims=(claim(meta=held(c.meta, expires=(NOW - timedelta(1)).isoformat())),)),
    ),
    Row(why="shared", now=looping(claims=(claim(), SHARED)), guard="nobody-else"),
    Row(why="granted", now=looping(accesses=(GRANTED,)), guard="nobody-else"),
    Row(why="policy unknown", now=looping(buckets=(bucket(deletion_policy=""),)), guard="policy-known"),
    Row(
        why="quarantined",
        now=looping(buckets=(bucket(meta=replace(b.meta, annotations={QUARANTINED_DRIVER: "x"})),)),
        guard="not-quarantined",
    ),
    Row(why="created, and one sidecar", now=looping(buckets=(MADE,))),
    Row(
        why="created, and two sidecars",
        now=looping(buckets=(MADE,), pods=(pod("driver-0"), pod("other-0"))),
        guard="one-sidecar",
    ),
    Row(why="created, and Pods unread", now=unread(looping(buckets=(MADE,)), "pods"), guard="one-sidecar"),
    Row(why="created, and Leases unread", now=unread(looping(buckets=(MADE,)), "leases"), guard="one-sidecar"),
)


@pytest.mark.parametrize("row", DELETION, ids=lambda row: row.why)
def test_a_deletion(row: Row) -> None:
    check(deleting, looping(), row)


@pytest.mark.parametrize(
    "row",
    [
        Row(why="it may yet succeed", now=looping(events=(PASSING,)), guard="in-trouble"),
        Row(why="named all the same", now=looping(events=(PASSING,)), even=frozenset({BUCKET})),
        Row(why="another was named", now=looping(events=(PASSING,)), even=frozenset({CLAIM}), guard="in-trouble"),
    ],
    ids=lambda row: row.why,
)
def test_what_may_yet_succeed_is_named_one_by_one(row: Row) -> None:
    check(deleting, looping(events=(PASSING,)), row)


def test_a_healthy_object_is_never_touched() -> None:
    healthy = looping(
        buckets=(bucket(ready=True, bucket_id="id-1", has_status=True),), claims=(claim(ready=True),), events=()
    )
    rows = [Row(why="healthy", now=healthy, guard="in-trouble", even=frozenset({BUCKET, CLAIM}))]
    for row in rows:
        check(deleting, healthy, row)


ORPHAN: Final = looping(buckets=(bucket(ready=True, bucket_id="id-1", has_status=True),), claims=(), events=())


def bucket_going(world: World) -> Step:
    return step_of(world, Action.DELETE_OBJECT, BUCKET, why="a test")


@pytest.mark.parametrize(
    "row",
    [
        Row(why="nobody's, and not named", now=ORPHAN, guard="in-trouble"),
        Row(why="nobody's, and named", now=ORPHAN, even=frozenset({BUCKET})),
        Row(
            why="somebody was granted access through the claim that is gone",
            now=replace(ORPHAN, accesses=(access(),)),
            even=frozenset({BUCKET}),
            guard="nobody-else",
        ),
    ],
    ids=lambda row: row.why,
)
def test_nobodys_bucket_goes_when_it_is_named(row: Row) -> None:
    check(bucket_going, ORPHAN, row)


def parking(world: World) -> Step:
    values = {"original": DRIVER, "parked": "quarantined.cosictl.dev"}
    return step_of(world, Action.QUARANTINE, BUCKET, why="a test", values=values)


@pytest.mark.parametrize(
    ("why", "snapshot", "guard"),
    [
        ("a loop", looping(), ""),
        ("being deleted", looping(buckets=(bucket(meta=replace(b.meta, deleted=NOW)),)), "not-terminating"),
        ("its claim is", looping(claims=(claim(meta=replace(c.meta, deleted=NOW)),)), "not-terminating"),
        ("created once", looping(buckets=(bucket(bucket_id="id-1"),)), "never-created"),
        (
            "protected",
            looping(buckets=(bucket(meta=replace(b.meta, finalizers=(BUCKET_PROTECTION,))),)),
            "never-created",
        ),
        ("name served", looping(leases=(lease("QUARANTINED.cosictl.dev-cosi"),)), "unserved-name"),
        ("may pass", looping(events=(PASSING,)), "in-trouble"),
    ],
)
def test_a_quarantine(why: str, snapshot: Snapshot, guard: str) -> None:
    check(parking, snapshot, Row(why=why, now=snapshot, guard=guard))


def freeing(world: World) -> Step:
    values = {"finalizer": ACCESS_PROTECTION}
    return step_of(world, Action.REMOVE_FINALIZER, ACCESS, why="a test", values=values, needs=("revoke:ba-a1",))


SAID: Final = frozenset({"revoke:ba-a1"})
a = access()


@pytest.mark.parametrize(
    "row",
    [
        Row(why="confirmed", now=revoking(), confirmed=SAID),
        Row(why="not confirmed", now=revoking(), guard="driver-confirmed"),
        Row(why="another confirmed", now=revoking(), confirmed=frozenset({"revoke:x"}), guard="driver-confirmed"),
        Row(
            why="two sidecars",
            now=revoking(pods=(pod("driver-0"), pod("other-0"))),
            confirmed=SAID,
            guard="one-sidecar",
        ),
        Row(why="no sidecar at all", now=revoking(pods=(), leases=()), confirmed=SAID, guard="one-sidecar"),
        Row(why="made anew", now=revoking(accesses=(access(meta=replace(a.meta, uid="a9")),)), guard="same-uid"),
    ],
    ids=lambda row: row.why,
)
def test_a_finalizer(row: Row) -> None:
    check(freeing, revoking(), row)


def test_a_finalizer_stays_on_what_is_not_being_deleted() -> None:
    alive = revoking(accesses=(access(meta=replace(a.meta, deleted=None)),))
    check(freeing, alive, Row(why="alive", now=alive, confirmed=SAID, guard="really-terminating"))


@pytest.mark.parametrize("name", ["example.com/mine", "", BUCKET_PROTECTION, "foregroundDeletion"])
def test_only_cosis_own_finalizer_goes(name: str) -> None:
    def step(world: World) -> Step:
        return step_of(world, Action.REMOVE_FINALIZER, ACCESS, why="a test", values={"finalizer": name})

    check(step, revoking(), Row(why="foreign", now=revoking(), confirmed=SAID, guard="known-finalizer"))


GOING: Final = claim(meta=replace(c.meta, deleted=LONG_AGO))


def letting_go(world: World) -> Step:
    values = {"finalizer": CLAIM_PROTECTION}
    return step_of(world, Action.REMOVE_FINALIZER, CLAIM, why="a test", values=values, needs=("delete:id-1",))


ZOMBIE: Final = replace(
    REFUSED,
    about_uid="",
    about_kind="Bucket",
    message=f'failed to update bucket finalizers: buckets.objectstorage.k8s.io "{NAME}" not found',
)


@pytest.mark.parametrize(
    ("why", "snapshot", "guard"),
    [
        ("long gone", looping(buckets=(), claims=(GOING,), events=()), ""),
        ("a zombie", looping(buckets=(), claims=(GOING,), events=(ZOMBIE,)), "no-zombie"),
        (
            "too short",
            looping(buckets=(), claims=(claim(meta=replace(c.meta, deleted=NOW - timedelta(seconds=100))),), events=()),
            "no-zombie",
        ),
        ("events unread", unread(looping(buckets=(), claims=(GOING,), events=()), "events"), "no-zombie"),
    ],
)
def test_a_claims_finalizer_waits_until_no_zombie_is_left(why: str, snapshot: Snapshot, guard: str) -> None:
    row = Row(why=why, now=snapshot, guard=guard, confirmed=frozenset({"delete:id-1"}))
    check(letting_go, snapshot, row)


def test_a_bucket_waits_for_its_claim() -> None:
    check(bucket_going, looping(), Row(why="claim lives", now=looping(), guard="claim-before-bucket"))
    check(bucket_going, looping(claims=()), Row(why="claim gone", now=looping(claims=())))
    world = world_of(looping())
    case = Situation(step=bucket_going(world), world=world, leaving=frozenset({CLAIM}))
    assert refusal(case) is None, "an earlier step of the plan deletes its claim"


def test_every_action_has_guards_and_pins_its_object() -> None:
    assert set(GUARDS) == set(Action)
    for action, guards in GUARDS.items():
        names = [guard.__name__ for guard in guards]
        assert {"same_uid", "same_generation", "same_deletion", "same_finalizers", "same_failure"} <= set(names), action
        if action is Action.REMOVE_FINALIZER:
            assert {"really_terminating", "known_finalizer", "one_sidecar", "no_zombie", "driver_confirmed"} <= set(
                names
            )
