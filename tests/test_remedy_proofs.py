"""What steps rest on, one defect each that was once found by trying to break it: nothing is done on a weak proof."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from cosictl.cli.changing.options import Ask
from cosictl.flows.change import Origin, make_plan, run_plan
from cosictl.knowledge.finalizers import BUCKET_PROTECTION, CLAIM_PROTECTION
from cosictl.model.copying import replace
from cosictl.model.objects import Access, Bucket
from cosictl.model.plan import Action, Plan, Result, Step
from cosictl.model.refs import Kind, Ref
from cosictl.model.snapshot import Snapshot
from cosictl.remedy.guard import Guard, Situation
from cosictl.remedy.guards import GUARDS, nobody_else
from cosictl.remedy.guards_steps import (
    bucket_is_gone,
    finding_holds,
    handed_over,
    in_nobodys_use,
    meant_to_go,
    needed_by_nobody,
    not_masked,
    retain_lets_go,
    somebody_frees,
    woken_by_its_own,
)
from cosictl.remedy.planners.cleanup import plan_cleanup
from cosictl.remedy.planners.common import ONE_ID, Known
from cosictl.remedy.planners.repair import plan_repairs
from cosictl.remedy.state import is_same_text
from cosictl.remedy.steps import step_of
from cosictl.remedy.world import World, sidecars_of, world_of, zombie_words
from cosictl.sandbox.api.resources import BUCKET_CLASSES_V1
from cosictl.sandbox.objects import DRIVER
from tests.changing import Hands
from tests.live_sandbox import live
from tests.remedy_worlds import (
    BUCKET,
    CLAIM,
    NOW,
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
from tests.test_remedy_dumps import NAME, copy, lost_handoffs
from tests.test_remedy_interference import OtherHand

SPEED: Final = 30.0
READY: Final = bucket(ready=True, bucket_id="id-1", meta=meta(BUCKET.name, "b1", finalizers=(BUCKET_PROTECTION,)))


def says_no(guard: Guard, world: World, step: Step) -> bool:
    return guard(Situation(step=step, world=world)) is not None


@pytest.mark.parametrize("key", ["account", "bucket", "object", "original"])
def test_a_masked_value_is_not_sent(key: str) -> None:
    world = world_of(looping())
    step = step_of(world, Action.DELETE_AT_DRIVER, BUCKET, why="a test", values={key: "ab***cd"})
    assert says_no(not_masked, world, step)
    assert not says_no(not_masked, world, replace(step, values={key: "abcd", "before": "***"}))


def going(**more: Any) -> Snapshot:
    own = replace(claim().meta, deleted=NOW - timedelta(hours=1))
    return looping(**({"buckets": (), "claims": (claim(meta=own),), "events": ()} | more))


def other(key: str) -> Bucket:
    return bucket(meta=meta("live", "b9"), bucket_id=key, ready=True, claim=None, deletion_policy="Retain")


@pytest.mark.parametrize(
    ("why", "snapshot", "no"),
    [
        ("nobody uses it", going(), False),
        ("another Bucket has it", going(buckets=(other("id-9"),)), True),
        ("another Bucket has another", going(buckets=(other("id-8"),)), False),
        ("a static Bucket stands for it", going(buckets=(replace(other(""), existing_id="id-9"),)), True),
        ("accesses unread", unread(going(), "bucketaccesses"), True),
        ("buckets unread", unread(going(), "buckets"), True),
    ],
)
def test_an_id_that_somebody_gives_is_nobody_elses(why: str, snapshot: Snapshot, no: bool) -> None:  # noqa: FBT001
    world = world_of(snapshot)
    step = step_of(world, Action.DELETE_AT_DRIVER, CLAIM, why="a test", values={"bucket": "id-9"})
    assert says_no(in_nobodys_use, world, step) is no, why


@pytest.mark.parametrize(("policy", "no"), [("Delete", False), ("Retain", True), ("", True)])
def test_a_driver_is_not_asked_to_delete_what_is_to_be_kept(policy: str, no: bool) -> None:  # noqa: FBT001
    world = world_of(looping(buckets=(replace(READY, deletion_policy=policy),)))
    step = step_of(world, Action.DELETE_AT_DRIVER, BUCKET, why="a test", values={"bucket": "id-1"})
    assert says_no(meant_to_go, world, step) is no


def test_one_id_is_for_one_object() -> None:
    world = world_of(looping())
    for planner in (plan_cleanup, plan_repairs):
        found = planner(world, [BUCKET, CLAIM], Known(driver=True, bucket_id="id-1"))
        assert found.steps == ()
        assert {item.reason for item in found.declined} == {ONE_ID[0]}


@pytest.mark.parametrize("resource", ["bucketaccesses", "bucketclaims"])
def test_lists_that_were_not_read_are_not_empty(resource: str) -> None:
    created = looping(buckets=(READY,))
    for snapshot, no in ((created, False), (unread(created, resource), True)):
        world = world_of(snapshot)
        assert says_no(nobody_else, world, step_of(world, Action.DELETE_OBJECT, BUCKET, why="a test")) is no
    # What was never created has nothing that others could use.
    world = world_of(unread(looping(), resource))
    assert not says_no(nobody_else, world, step_of(world, Action.DELETE_OBJECT, BUCKET, why="a test"))


@pytest.mark.parametrize(
    ("why", "pods", "leases", "one"),
    [
        ("a Pod with its Lease", ["driver-0"], [("cosi-example-com-cosi", "driver-0")], True),
        ("holders may have an ID", ["driver-0"], [("cosi-example-com-cosi", "driver-0_1a2b")], True),
        ("a Pod, and another's Lease", ["driver-0"], [("other-example-com-cosi", "other-0")], False),
        ("a Lease alone", [], [("cosi-example-com-cosi", "driver-0")], True),
        ("a Pod alone", ["driver-0"], [], True),
        ("nobody", [], [], False),
    ],
)
def test_one_sidecar_is_a_pod_and_its_own_lease(
    why: str,
    pods: list[str],
    leases: list[tuple[str, str]],
    one: bool,  # noqa: FBT001
) -> None:
    held = tuple(replace(lease(name), holder=holder) for name, holder in leases)
    assert sidecars_of(world_of(looping(pods=tuple(map(pod, pods)), leases=held))).one is one, why


def test_an_assumed_release_rules_no_zombie_out() -> None:
    left = going()
    item = left.claims[0]
    assert zombie_words(world_of(left), item) == ""
    strange = replace(
        pod("driver-0"), containers=(replace(pod("x").containers[0], image="objectstorage-sidecar:canary"),)
    )
    assert "not every release records such a failure" in zombie_words(world_of(replace(left, pods=(strange,))), item)


@pytest.mark.parametrize(
    ("why", "snapshot", "no"),
    [
        ("a sidecar lives", looping(), False),
        ("none lives", looping(pods=(), leases=()), True),
        ("nothing was read", unread(looping(pods=(), leases=()), "leases"), False),
        (
            "no finalizer holds it",
            looping(pods=(), leases=(), claims=(claim(meta=replace(claim().meta, finalizers=())),)),
            False,
        ),
    ],
)
def test_a_claim_is_not_deleted_where_nobody_would_free_it(why: str, snapshot: Snapshot, no: bool) -> None:  # noqa: FBT001
    world = world_of(snapshot)
    assert says_no(somebody_frees, world, step_of(world, Action.DELETE_OBJECT, CLAIM, why="a test")) is no, why


@pytest.mark.parametrize(
    ("why", "accesses", "no"),
    [
        ("granted on it", (access(),), True),
        ("never granted", (access(ready=False, account_id=""),), False),
        ("nobody", (), False),
    ],
)
def test_a_bucket_that_an_access_needs_is_not_let_go(why: str, accesses: tuple[Access, ...], no: bool) -> None:  # noqa: FBT001
    gone = replace(READY, meta=replace(READY.meta, deleted=NOW))
    world = world_of(revoking(buckets=(gone,), claims=(), accesses=accesses))
    step = step_of(world, Action.REMOVE_FINALIZER, BUCKET, why="a test", values={"finalizer": BUCKET_PROTECTION})
    assert says_no(needed_by_nobody, world, step) is no, why


def test_a_finding_that_is_gone_ends_the_step() -> None:
    world = world_of(looping())
    step = step_of(world, Action.DELETE_OBJECT, CLAIM, solves=BUCKET, why="a test", finding="COSI104")
    other_finding = replace(step, finding="COSI101")
    assert not says_no(finding_holds, world, step)
    assert says_no(finding_holds, world, other_finding)
    continuing = Situation(step=other_finding, world=world, continuing=True)
    assert finding_holds(continuing) is None, "our own earlier step may have changed it"


def test_the_guards_of_steps_are_asked() -> None:
    wanted: Mapping[Action, tuple[Guard, ...]] = {
        Action.NUDGE: (woken_by_its_own,),
        Action.REPAIR_HANDOFF: (handed_over,),
        Action.SET_RETAIN: (retain_lets_go,),
        Action.DELETE_OBJECT: (somebody_frees, nobody_else),
        Action.DELETE_AT_DRIVER: (meant_to_go, in_nobodys_use, nobody_else),
        Action.REMOVE_FINALIZER: (bucket_is_gone, needed_by_nobody),
    }
    for action, guards in wanted.items():
        assert set(guards) <= set(GUARDS[action]), action
    for action, guards in GUARDS.items():
        assert {not_masked, finding_holds} <= set(guards), action


@pytest.mark.parametrize(
    ("why", "snapshot", "no"),
    [
        ("one sidecar", looping(), False),
        ("two sidecars", looping(pods=(pod("driver-0"), pod("other-0"))), True),
    ],
)
def test_a_deletion_is_woken_where_its_own_sidecar_acts(why: str, snapshot: Snapshot, no: bool) -> None:  # noqa: FBT001
    gone = replace(snapshot, buckets=(bucket(meta=replace(bucket().meta, deleted=NOW)),))
    world = world_of(gone)
    assert says_no(woken_by_its_own, world, step_of(world, Action.NUDGE, BUCKET, why="a test")) is no, why


@pytest.mark.parametrize(
    ("raw", "seen", "same"),
    [
        ("x", "x", True),
        ("see password=hunter2 here", "see password=*** here", True),
        ("see password=hunter2 there", "see password=*** here", False),
        (None, None, True),
        ("x", None, False),
        ("a.b", "a+b", False),
    ],
)
def test_what_was_masked_is_compared_as_far_as_it_was_seen(raw: str | None, seen: str | None, same: bool) -> None:  # noqa: FBT001
    assert is_same_text(raw, seen) is same


def planned(hands: Hands, planner: Any, ref: Ref, known: Known | None = None) -> Plan:
    origin = Origin(verb="test", cluster=hands.ports.identity(), source="test", now=hands.ports.now())
    return make_plan(planner(hands.ports.observe(), [ref], known or Known()), origin, limit=20)


def test_a_hand_off_is_not_written_for_a_bucket_that_went_elsewhere(tmp_path: Path) -> None:
    with live(tmp_path, lost_handoffs(1), speed=SPEED) as sandbox:
        hands = Hands(sandbox)
        plan = planned(hands, plan_repairs, Ref(Kind.CLAIM, "team-a", "photos-1"))
        bucket_name = hands.name_of_bucket("photos-1")
        hands.patch(f"bucket/{bucket_name}", {"spec": {"bucketClaim": {"uid": "another", "name": "photos-9"}}})
        (outcome,) = run_plan(plan, hands.ports, tmp_path, by="a test", wait=5.0)[1]
        assert outcome.result is Result.REFUSED, outcome.words
        tree = hands.get("claim/photos-1")
    assert tree is not None
    assert not tree["status"]["bucketReady"]


def test_a_claim_that_became_ready_meanwhile_is_not_deleted(tmp_path: Path) -> None:
    """Status moves no pin: after the conflict everything is diagnosed and guarded anew."""

    def act(hands: Hands) -> None:
        made: Mapping[str, Any] = {"metadata": {"finalizers": [BUCKET_PROTECTION]}}
        hands.patch(f"bucket/{NAME}", made)
        hands.patch(f"bucket/{NAME}", {"status": {"bucketReady": True, "bucketID": "id-1"}}, "status")
        hands.patch("claim/photos", {"status": {"bucketReady": True}}, "status")

    with live(tmp_path, copy("c04-final-error"), speed=SPEED) as sandbox:
        hands = Hands(sandbox)
        hands.until(lambda: "COSI104" in hands.findings(), "COSI104")
        plan = planned(hands, plan_cleanup, Ref(Kind.BUCKET, "", NAME))
        ports = OtherHand(hands, lambda: act(hands))
        (outcome,) = run_plan(plan, ports, tmp_path, by="a test", wait=5.0)[1]
        tree = hands.get("claim/photos")
    assert ports.acted
    assert outcome.result is Result.REFUSED, outcome.words
    assert tree is not None
    assert "deletionTimestamp" not in tree["metadata"]


def test_another_driver_confirms_nothing_where_the_class_is_gone(tmp_path: Path) -> None:
    with live(tmp_path, copy("d02-claim-left"), speed=SPEED) as sandbox:
        hands = Hands(sandbox)
        hands.until(lambda: "COSI302" in hands.findings(), "COSI302")
        known = Known(driver=True, bucket_id=NAME)
        plan = planned(hands, plan_repairs, Ref(Kind.CLAIM, "team-a", "photos"), known)
        for value in sandbox.store.snapshot():
            if value["kind"] == "BucketClass":
                sandbox.store.delete(BUCKET_CLASSES_V1, "", value["metadata"]["name"])
        hands.ports.ask = Ask(endpoint=str(sandbox.sockets[DRIVER]))
        outcomes = run_plan(plan, hands.ports, tmp_path, by="a test", wait=5.0)[1]
        tree = hands.get("claim/photos")
    assert outcomes[0].result in {Result.FAILED, Result.REFUSED}, outcomes[0].words
    assert tree is not None
    assert CLAIM_PROTECTION in tree["metadata"]["finalizers"]


def test_what_stays_is_named_where_a_kept_bucket_is_let_go(tmp_path: Path) -> None:
    with live(tmp_path, copy("d04-claim-gone"), speed=SPEED) as sandbox:
        hands = Hands(sandbox)
        hands.patch(f"bucket/{NAME}", {"spec": {"deletionPolicy": "Retain"}})
        hands.until(lambda: "COSI304" in hands.findings(), "COSI304")
        plan = planned(hands, plan_cleanup, Ref(Kind.BUCKET, "", NAME))
    assert plan.steps
    for step in plan.steps:
        assert "with its data" in step.remains
        assert "with its data" in step.leaves_behind
