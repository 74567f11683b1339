"""Random interference between plan and run: what was not agreed to is never done, whatever moves meanwhile."""

import json
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from cosictl.cli.changing.options import Ask
from cosictl.cli.changing.ports import LivePorts, live_ports
from cosictl.cli.options import Shared
from cosictl.cluster.writer import Place, read_object, write
from cosictl.flows.change import Origin, make_plan, run_plan
from cosictl.model.plan import Result, Sent, Step
from cosictl.model.refs import Kind, Ref
from cosictl.model.report import STUCK
from cosictl.remedy.planners.cleanup import plan_cleanup
from cosictl.remedy.planners.common import Known, Proposal, joined
from cosictl.remedy.planners.mark import Note, plan_marks
from cosictl.remedy.planners.quarantine import plan_quarantine
from cosictl.remedy.planners.repair import plan_repairs
from cosictl.remedy.ports import DriverSaid
from cosictl.remedy.world import World
from cosictl.remedy.writes import Body, Write, plural_of
from cosictl.sandbox.api.access import ADMIN
from tests.apiserver import ApiServer
from tests.test_faults_everywhere import OBJECTS

GROUP: Final = "objectstorage.k8s.io/v1alpha1"
ACTS: Final = ("touch", "spec", "delete", "free", "anew", "ready")
Act = tuple[int, str]


class Watched:
    """Ports that hold every write against the object as it is at that very moment."""

    def __init__(self, ports: LivePorts, steps: Mapping[Ref, Step]) -> None:
        self._ports = ports
        self._steps = steps
        self._world: World | None = None
        self.writes = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ports, name)

    def observe(self) -> World:
        self._world = self._ports.observe()
        return self._world

    def sleep(self, seconds: float) -> None:
        assert seconds > 0

    def tell_driver(self, _step: Step, _world: World) -> DriverSaid:
        return DriverSaid(gone=True, words="the driver answered OK")

    def send(self, made: Write, *, dry_run: bool) -> Sent:
        self.writes += 1
        if made.target.ref.kind != "Event":
            self._judge(made)
        return self._ports.send(made, dry_run=dry_run)

    def _judge(self, made: Write) -> None:
        now = self._ports.read(made.target)
        step = self._steps[made.target.ref]
        if made.verb == "create":
            return
        assert now is not None, "written to what is not there"
        assert step.pin is not None
        meta = now["metadata"]
        assert meta["uid"] == step.pin.uid, "an object with another UID"
        if made.content is Body.PATCH:
            assert meta.get("deletionTimestamp"), "a finalizer taken from what is not being deleted"
            tests = {item["path"]: item["value"] for item in made.body if item["op"] == "test"}
            assert tests["/metadata/uid"] == meta["uid"]
            assert tests["/metadata/resourceVersion"] == meta["resourceVersion"]
        else:
            pinned = made.body["preconditions"] if made.verb == "delete" else made.body["metadata"]
            assert (pinned["uid"], pinned["resourceVersion"]) == (meta["uid"], meta["resourceVersion"])
        if not step.action.endswith("mark"):
            assert self._world is not None
            assert self._world.verdicts[step.solves].outlook in STUCK | {"unknown"}, "a healthy object"


def interfere(ports: LivePorts, ref: Ref, act: str) -> None:
    """Do something to an object as another client would; what the server refuses is not done."""
    place = Place(api_version=GROUP, plural=plural_of(str(ref.kind)), namespace=ref.namespace, name=ref.name)
    merge = Body.MERGE.value
    before = read_object(ports.conn, place)
    if before is None:
        return
    if act == "touch":
        write(ports.conn, "PATCH", place.path, {"metadata": {"annotations": {"example.com/x": "y"}}}, merge)
    elif act == "spec":
        write(ports.conn, "PATCH", place.path, {"spec": {"protocols": ["S3", "GCP"]}}, merge)
    elif act == "ready":
        ready = {"status": {"bucketReady": True, "bucketID": "id-x", "bucketName": "b-x"}}
        write(ports.conn, "PATCH", f"{place.path}/status", ready, merge)
    elif act == "free":
        write(ports.conn, "PATCH", place.path, {"metadata": {"finalizers": None}}, merge)
    else:
        write(ports.conn, "DELETE", place.path, {}, Body.JSON.value)
    if act == "anew":
        write(ports.conn, "PATCH", place.path, {"metadata": {"finalizers": None}}, merge)
        meta = {key: before["metadata"][key] for key in ("name", "namespace") if key in before["metadata"]}
        tree = {**{key: before[key] for key in ("apiVersion", "kind", "spec")}, "metadata": meta}
        write(ports.conn, "POST", place.collection, tree, Body.JSON.value)


def proposed(world: World, refs: list[Ref]) -> Proposal:
    """Everything that any planner would do about some objects, each object by one of them."""
    known = Known(retain=True, driver=True, bucket_id="id-1")
    asked = [
        plan_repairs(world, refs[0::4], known),
        plan_cleanup(world, refs[1::4], known),
        plan_quarantine(world, refs[2::4], "", frozenset()),
        plan_marks(world, refs[3::4], Note(reason="seen", by="a test")),
    ]
    return joined(asked)


@settings(max_examples=15)
@given(data=st.data())
def test_whatever_moves_nothing_is_done_that_was_not_planned(data: st.DataObject) -> None:
    with TemporaryDirectory() as name, ApiServer(OBJECTS, also={"admin": ADMIN}) as server:
        folder = Path(name)
        ports = live_ports(Shared(kubeconfig=str(server.kubeconfig(folder)), token="admin"), Ask())
        world = ports.observe()
        every = sorted(ref for ref in world.verdicts if ref.kind in {Kind.BUCKET, Kind.CLAIM, Kind.ACCESS})
        refs = data.draw(st.permutations(every))
        origin = Origin(verb="test", cluster=ports.identity(), source="test", now=ports.now())
        plan = make_plan(proposed(world, refs), origin, limit=1000)
        steps = {step.target.ref: step for step in plan.steps}
        acts = st.lists(st.tuples(st.sampled_from(sorted(steps)), st.sampled_from(ACTS)), max_size=4)
        for ref, act in data.draw(acts):
            interfere(ports, ref, act)
        watched = Watched(ports, steps)
        journal, outcomes = run_plan(plan, watched, folder / "journal", by="a test", wait=0)
        lines = [json.loads(line) for line in journal.path.read_text().splitlines()]
        ended = [line["result"] for line in lines if line["type"] == "end"]
    assert ended == [outcome.result.value for outcome in outcomes]
    assert all(outcome.result is not Result.FAILED for outcome in outcomes), [o.words for o in outcomes]
    assert watched.writes or not plan.steps or outcomes[0].result is Result.REFUSED
