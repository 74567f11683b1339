"""kill -9 at every point of a run: what goes on ends right, what is taken back is as before, nothing happens twice."""

import itertools
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from cosictl.errors import CosictlError
from cosictl.flows.change import Origin, go_on, make_plan, run_plan
from cosictl.model.copying import replace
from cosictl.model.plan import Plan, Result
from cosictl.model.refs import Kind, Ref
from cosictl.remedy.document import plan_document
from cosictl.remedy.journal import Run, read_run, runs_in
from cosictl.remedy.planners.cleanup import plan_cleanup
from cosictl.remedy.planners.common import Known
from cosictl.remedy.planners.mark import Note, plan_marks
from cosictl.remedy.planners.repair import plan_repairs
from cosictl.remedy.undo import plan_undo
from cosictl.sandbox.objects import TEAM
from cosictl.sandbox.objects import claim as claim_object
from cosictl.sandbox.run import Sandbox
from tests.changing import Hands
from tests.cli_process import ROOT, environment
from tests.live_sandbox import live
from tests.test_remedy_dumps import lost_handoffs

SCRIPT: Final = ROOT / "tests" / "killed_run.py"
CLAIMS: Final = tuple(Ref(Kind.CLAIM, TEAM, name) for name in ("logs", "photos"))
WAIT: Final = 5.0
# Slow enough that an hour of the cluster, after which a plan expires, is longer than the test.
SPEED: Final = 5.0


class Killer:
    """A process that runs plans in children of its own, each killed at the point asked for."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(SCRIPT)], env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, hands: Hands, plan: Plan, folder: Path, point: int) -> int:
        """Run a plan; its journal is in the folder of that number. Returns its exit code, or minus a signal."""
        path = folder / f"{point}.json"
        path.write_text(json.dumps(plan_document(plan)))
        words = [str(hands.sandbox.kubeconfig), str(folder / str(point)), str(path), str(point)]
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(words) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate(timeout=20)


@pytest.fixture(scope="module")
def killer() -> Iterator[Killer]:
    found = Killer()
    yield found
    found.close()


def killed(killer: Killer, hands: Hands, plan: Plan, folder: Path) -> Iterator[Path]:
    """Run a plan again and again, killed one point later each time; yields the folder of each run's journal."""
    for point in itertools.count(1):
        ended = killer.run(hands, plan, folder, point)
        if ended == 0:
            assert point > 10, "hardly any point was found"
            return
        assert ended == -signal.SIGKILL
        yield folder / str(point)


def begun(folder: Path) -> Run | None:
    """The journal of a run; None where it was killed before its first line was whole."""
    found = runs_in(folder)
    try:
        return read_run(found[0]) if found else None
    except CosictlError:
        return None


def marking(hands: Hands) -> Plan:
    world = hands.ports.observe()
    proposal = plan_marks(world, CLAIMS, Note(reason="looked at", by="a test"))
    origin = Origin(verb="mark", cluster=hands.ports.identity(), source="test", now=hands.ports.now())
    return make_plan(proposal, origin, limit=20)


def state(hands: Hands) -> list[dict[str, Any]]:
    """The claims as they are, without what the server counts."""
    trees = [hands.get(f"claim/{ref.name}") for ref in CLAIMS]
    assert all(tree is not None for tree in trees)
    return [json.loads(json.dumps(tree)) for tree in trees]


def versions(trees: list[dict[str, Any]]) -> list[str]:
    return [tree["metadata"]["resourceVersion"] for tree in trees]


def marks(trees: list[dict[str, Any]]) -> list[str | None]:
    return [tree["metadata"].get("annotations", {}).get("cosictl.dev/mark") for tree in trees]


def events_of(sandbox: Sandbox) -> list[str]:
    return [item["metadata"]["name"] for item in sandbox.store.snapshot() if item.get("reason") == "Marked"]


def clean(hands: Hands) -> None:
    for ref in CLAIMS:
        hands.patch(f"claim/{ref.name}", {"metadata": {"annotations": {"cosictl.dev/mark": None}}})


def test_a_killed_run_goes_on(killer: Killer, tmp_path: Path) -> None:
    with live(tmp_path, "healthy", speed=SPEED) as sandbox:
        hands = Hands(sandbox)
        plan = marking(hands)
        before_events = len(events_of(sandbox))
        for journals in killed(killer, hands, plan, tmp_path):
            before = state(hands)
            run = begun(journals)
            if run is None:
                assert marks(before) == [None, None], "a change without a journal"
                continue
            if run.finished:
                outcomes_done = [record.result for record in run.steps.values()]
                assert outcomes_done == [Result.DONE, Result.DONE]
            _, outcomes = go_on(run, hands.ports, wait=WAIT)
            assert [outcome.result for outcome in outcomes] == [Result.DONE, Result.DONE]
            after = state(hands)
            assert None not in marks(after)
            for was, now, version, newer in zip(
                marks(before), marks(after), versions(before), versions(after), strict=True
            ):
                assert was is None or (was, version) == (now, newer), "a step was done twice"
            again = read_run(run.path)
            assert {number: record.result for number, record in again.steps.items()} == {1: Result.DONE, 2: Result.DONE}
            assert again.finished
            clean(hands)
        assert len(events_of(sandbox)) > before_events


def test_a_killed_run_is_taken_back(killer: Killer, tmp_path: Path) -> None:
    # A controller would write the claims again after each of so many turns, and win the race of COSI201 now and then.
    with live(tmp_path, replace(lost_handoffs(2), controllers=()), speed=SPEED) as sandbox:
        hands = Hands(sandbox)
        hands.until(lambda: "COSI201" in hands.findings(), "COSI201")
        world = hands.ports.observe()
        refs = tuple(finding.root for finding in world.report.findings if finding.code == "COSI201")[:2]
        origin = Origin(verb="repair", cluster=hands.ports.identity(), source="test", now=hands.ports.now())
        plan = make_plan(plan_repairs(world, refs, Known()), origin, limit=20)
        for journals in killed(killer, hands, plan, tmp_path):
            run = begun(journals)
            if run is None:
                assert sandbox.difference() == ()
                continue
            back = make_plan(plan_undo(hands.ports.observe(), run), origin, limit=20)
            if back.steps:
                _, outcomes = run_plan(back, hands.ports, journals / "undo", by="a test", wait=WAIT)
                assert {outcome.result for outcome in outcomes} == {Result.DONE}
            assert sandbox.difference() == ()


def lost_claim(hands: Hands, number: int) -> Ref:
    """A claim of a class that is not there: it can be cleaned up by an ordinary deletion."""
    ref = Ref(Kind.CLAIM, TEAM, f"lost-{number}")
    hands.create(claim_object(ref.name, "nowhere"), "claim")
    # A plan pins what is recorded: it must be there before the plan is made.
    hands.until(
        lambda: any(item.ref == ref and item.failure for item in hands.ports.observe().report.objects), "COSI101"
    )
    return ref


def planned_cleanup(hands: Hands, ref: Ref) -> Plan:
    origin = Origin(verb="cleanup", cluster=hands.ports.identity(), source="test", now=hands.ports.now())
    return make_plan(plan_cleanup(hands.ports.observe(), [ref], Known()), origin, limit=20)


@pytest.mark.parametrize("back", [False, True], ids=["goes on", "is taken back"])
def test_a_killed_deletion(back: bool, killer: Killer, tmp_path: Path) -> None:  # noqa: FBT001
    """Killed one point later each time; then the claim is gone, or there again as it was. Never neither."""
    with live(tmp_path, "healthy", speed=SPEED) as sandbox:
        hands = Hands(sandbox)
        for point in itertools.count(1):
            ref = lost_claim(hands, point)
            plan = planned_cleanup(hands, ref)
            before = hands.get(f"claim/{ref.name}")
            assert before is not None
            ended = killer.run(hands, plan, tmp_path, point)
            if ended == 0:
                assert point > 8, "hardly any point was found"
                break
            assert ended == -signal.SIGKILL
            run = begun(tmp_path / str(point))
            now = hands.get(f"claim/{ref.name}")
            if run is None:
                assert now is not None, "a deletion without a journal"
                continue
            if not back:
                _, outcomes = go_on(run, hands.ports, wait=WAIT)
                assert [outcome.result for outcome in outcomes] == [Result.DONE], outcomes
                assert hands.get(f"claim/{ref.name}") is None
                continue
            undo = make_plan(plan_undo(hands.ports.observe(), run), origin_of(hands), limit=20)
            assert bool(undo.steps) == (now is None), "what is still there needs no way back"
            if undo.steps:
                _, outcomes = run_plan(undo, hands.ports, tmp_path / f"{point}-undo", by="a test", wait=WAIT)
                assert {outcome.result for outcome in outcomes} == {Result.DONE}
            after = hands.get(f"claim/{ref.name}")
            assert after is not None
            assert after["spec"] == before["spec"]


def origin_of(hands: Hands) -> Origin:
    return Origin(verb="undo", cluster=hands.ports.identity(), source="test", now=hands.ports.now())
