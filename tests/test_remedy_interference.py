"""Another hand between the last look and the write: touched, deleted, made anew; and two people at one plan."""

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from cosictl.cli.changing.options import Ask
from cosictl.cli.changing.ports import live_ports
from cosictl.cluster.writer import write
from cosictl.flows.change import Origin, make_plan, run_plan
from cosictl.model.plan import Outcome, Plan, Result, Step
from cosictl.remedy.journal import read_run, runs_in
from cosictl.remedy.ports import DriverSaid
from cosictl.remedy.world import World
from cosictl.remedy.writes import has_landed
from cosictl.sandbox.objects import DRIVER, TEAM
from cosictl.sandbox.objects import claim as claim_object
from tests.changing import MERGE, PATIENCE_SECONDS, Hands
from tests.live_sandbox import live
from tests.step_kinds import AT_DRIVER_KINDS, KINDS, MAKING, Kindness

SPEED: Final = 60.0


def _secret(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": TEAM}}


def _static(name: str) -> dict[str, Any]:
    spec = {"driverName": DRIVER, "bucketClassName": "gold", "bucketClaim": {}, "protocols": ["S3"]}
    return {
        "apiVersion": "objectstorage.k8s.io/v1alpha1",
        "kind": "Bucket",
        "metadata": {"name": name},
        "spec": {**spec, "existingBucketID": "another"},
    }


_MADE: Final[Mapping[str, Callable[[str], dict[str, Any]]]] = {
    "secret": _secret,
    "claim": lambda name: claim_object(name, "standard"),
    "bucket": _static,
}


def touched(hands: Hands, what: str) -> None:
    if hands.get(what) is not None:
        hands.patch(what, {"metadata": {"annotations": {"example.com/note": "another hand"}}})
    else:
        made_anew(hands, what)


def removed(hands: Hands, what: str) -> None:
    if what.startswith("bucket/"):
        # Its claim first, or that would get a new one of the same name.
        for value in hands.sandbox.store.snapshot():
            if value["kind"] == "BucketClaim" and value.get("status", {}).get("bucketName") == what.partition("/")[2]:
                removed(hands, f"claim/{value['metadata']['name']}")
    ends = time.monotonic() + PATIENCE_SECONDS
    while (tree := hands.get(what)) is not None:
        assert time.monotonic() < ends, f"{what} does not go"
        place = hands.place(what).path
        if not tree["metadata"].get("deletionTimestamp"):
            write(hands.ports.conn, "DELETE", place, {}, "application/json")
        else:
            write(hands.ports.conn, "PATCH", place, {"metadata": {"finalizers": None}}, MERGE)


def made_anew(hands: Hands, what: str) -> None:
    before = hands.get(what)
    if before is None:
        kind, _, name = what.partition("/")
        hands.create(_MADE[kind](name), kind)
        return
    kind = what.partition("/")[0]
    removed(hands, what)
    meta = {key: before["metadata"][key] for key in ("name", "namespace") if key in before["metadata"]}
    # Of a class that is not there: nobody but a step that should not could make it ready.
    spec = {**before["spec"], "bucketClassName": "nobodys"} if kind == "claim" else before["spec"]
    hands.create({**{key: before[key] for key in ("apiVersion", "kind")}, "spec": spec, "metadata": meta}, kind)


class OtherHand:
    """The ports of a run, where another hand acts once, right before the first write of an action."""

    def __init__(self, hands: Hands, act: Callable[[], None]) -> None:
        self._ports = live_ports(hands.shared, Ask())
        self._sandbox = hands.sandbox
        self._act = act
        self.acted = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ports, name)

    def tell_driver(self, _step: Step, _world: World) -> DriverSaid:
        return DriverSaid(gone=True, words="the driver answered OK")

    def send(self, write: Any, *, dry_run: bool) -> Any:
        if not self.acted:
            self.acted = True
            self._act()
        return self._ports.send(write, dry_run=dry_run)


def planned(hands: Hands, kind: Kindness) -> Plan:
    kind.prepare(hands)
    if kind.finding:
        hands.until(lambda: kind.finding in hands.findings(), kind.finding)
    origin = Origin(verb="test", cluster=hands.ports.identity(), source="test", now=hands.ports.now())
    plan = make_plan(kind.planner(hands.ports.observe()), origin, limit=20)
    assert kind.action in {step.action.value for step in plan.steps}, plan.declined
    return plan


def run(plan: Plan, ports: Any, folder: Path) -> tuple[Outcome, ...]:
    return run_plan(plan, ports, folder, by="a test", wait=None)[1]


def last(plan: Plan, kind: Kindness) -> tuple[int, Step]:
    return next((number, step) for number, step in enumerate(plan.steps, 1) if step.action.value == kind.action)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.action)
@pytest.mark.parametrize("act", [touched, removed, made_anew], ids=lambda act: act.__name__)
def test_another_hand_between_look_and_write(kind: Kindness, act: Callable[[Hands, str], None], tmp_path: Path) -> None:
    if kind.action in MAKING and act is removed:
        pytest.skip("what is not there cannot be removed")
    with live(tmp_path, kind.world, speed=SPEED) as sandbox:
        hands = Hands(sandbox)
        plan = planned(hands, kind)
        what = kind.target(hands)
        number, step = last(plan, kind)
        ports = OtherHand(hands, lambda: act(hands, what))
        outcomes = run(plan, ports, tmp_path)
        now = hands.get(what)
        outcome = next(one for one in outcomes if one.step.action is step.action)
    assert ports.acted
    record = read_run(runs_in(tmp_path)[0]).steps[number]
    assert (record.result, record.words) == (outcome.result, outcome.words)
    if act is touched and kind.action == "nudge":
        # Any edit wakes the sidecar: what there was to do is done, or it fails in another way now.
        assert outcome.result is Result.DONE or "fails in another way now" in outcome.words, outcome.words
        return
    if act is touched and kind.action not in MAKING:
        assert outcome.result is Result.DONE, outcome.words
        assert now is None or now["metadata"]["annotations"]["example.com/note"] == "another hand"
        return
    assert outcome.result is Result.REFUSED, outcome.words
    if act is made_anew and now is not None and kind.action not in MAKING:
        assert not shows(step, now, record.values), "another object of that name was written to"


def shows(step: Step, now: Mapping[str, Any], values: Mapping[str, str]) -> bool:
    """Whether an object bears what a step writes, whoever it is."""
    if step.action.value in {"unmark", "restore-status"}:
        # What is new bears no mark and is not ready: nothing could be seen of a write.
        return False
    if step.action.value in {"delete-object", "remove-finalizer"}:
        return bool(now["metadata"].get("deletionTimestamp"))
    assert step.pin is not None
    return has_landed(step, {**now, "metadata": {**now["metadata"], "uid": step.pin.uid}}, values)


class OtherHandAtDriver(OtherHand):
    """As ``OtherHand``, where the other hand acts while the driver is asked."""

    def tell_driver(self, step: Step, world: World) -> DriverSaid:
        self.acted = True
        self._act()
        self._ports.ask = Ask(endpoint=str(self._sandbox.sockets[DRIVER]))
        said: DriverSaid = self._ports.tell_driver(step, world)
        return said


@pytest.mark.parametrize("kind", AT_DRIVER_KINDS, ids=lambda kind: kind.action)
@pytest.mark.parametrize("act", [touched, removed, made_anew], ids=lambda act: act.__name__)
def test_another_hand_while_the_driver_is_asked(
    kind: Kindness, act: Callable[[Hands, str], None], tmp_path: Path
) -> None:
    with live(tmp_path, kind.world, speed=SPEED) as sandbox:
        hands = Hands(sandbox)
        plan = planned(hands, kind)
        what = kind.target(hands)
        ports = OtherHandAtDriver(hands, lambda: act(hands, what))
        asked, *later = run(plan, ports, tmp_path)
        now = hands.get(what)
    assert ports.acted
    assert (asked.result, "the driver answered OK" in asked.words) == (Result.DONE, True), asked.words
    records = read_run(runs_in(tmp_path)[0]).steps
    assert [records[number].words for number in range(1, 2 + len(later))] == [one.words for one in (asked, *later)]
    if act is made_anew:
        # What has the name now is another object, and keeps what it has.
        assert [one.result for one in later] == [Result.REFUSED]
        assert now is not None
        assert not now["metadata"].get("deletionTimestamp")
    else:
        assert {one.result for one in later} == {Result.DONE}, later
        assert now is None


def meet(gate: threading.Barrier) -> None:
    gate.wait(PATIENCE_SECONDS)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.action != "remove-finalizer"], ids=lambda k: k.action)
def test_two_people_at_one_plan(kind: Kindness, tmp_path: Path) -> None:
    with live(tmp_path, kind.world, speed=SPEED) as sandbox:
        hands = Hands(sandbox)
        plan = planned(hands, kind)
        gate = threading.Barrier(2)
        ended: list[tuple[Outcome, ...]] = []

        def person(folder: Path) -> None:
            ports = OtherHand(hands, lambda: meet(gate))
            ended.append(run(plan, ports, folder))

        threads = [threading.Thread(target=person, args=(tmp_path / str(number),)) for number in (1, 2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    results = sorted(outcomes[-1].result.value for outcomes in ended)
    assert results == ["done", "refused"], [outcome.words for outcomes in ended for outcome in outcomes]
