"""Every finding that has a remedy, on a live copy: planned, carried out, gone, and taken back where there is a way."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import pytest

from cosictl.cli.changing.options import Ask
from cosictl.flows.change import Origin, make_plan, run_plan
from cosictl.model.copying import replace
from cosictl.model.plan import Action, Outcome, Result
from cosictl.model.refs import Kind, Ref
from cosictl.remedy.journal import read_run, runs_in
from cosictl.remedy.planners.cleanup import CLEANUPS, plan_cleanup
from cosictl.remedy.planners.common import Known, Proposal
from cosictl.remedy.planners.repair import REPAIRS, plan_repairs
from cosictl.remedy.undo import plan_undo
from cosictl.sandbox.diff import diff
from cosictl.sandbox.objects import DRIVER, TEAM
from cosictl.sandbox.ports import Json
from cosictl.sandbox.run import Sandbox
from tests.changing import Hands
from tests.live_sandbox import live
from tests.remedy_rows import BY_NAME, ROWS, Row

SPEED: Final = 60.0


def proposed(row: Row, hands: Hands) -> tuple[Proposal, Known]:
    """What is proposed for the first object with the finding."""
    hands.until(lambda: row.code in hands.findings(), row.code)
    world = hands.ports.observe()
    root = next(found.root for found in world.report.findings if found.code == row.code)
    known = replace(row.known, even_if_retrying=frozenset({root} if row.named else ()))
    if known == BY_NAME:
        known = replace(known, bucket_id=root.name)
    planner = plan_cleanup if row.code in CLEANUPS else plan_repairs
    return planner(world, [root], known), known


def changed(before: Iterable[Json], sandbox: Sandbox) -> set[str]:
    return {f"{item.what} {item.kind}" for item in diff(before, sandbox.store.snapshot()) if item.kind != "Pod"}


def specs(trees: Iterable[Json]) -> dict[tuple[str, str], Json]:
    return {(tree["kind"], tree["metadata"]["name"]): tree.get("spec", {}) for tree in trees}


def kept(trees: Iterable[Json]) -> dict[tuple[str, str], Json]:
    """What undo makes of Buckets whose data were kept."""
    return {
        (tree["kind"], tree["metadata"]["name"]): {
            **tree["spec"],
            "bucketClaim": {},
            "deletionPolicy": "Retain",
            "existingBucketID": tree["status"]["bucketID"],
        }
        for tree in trees
        if tree["kind"] == "Bucket"
    }


def carried_out(hands: Hands, proposal: Proposal, known: Known, folder: Path) -> tuple[Outcome, ...]:
    origin = Origin(verb="test", cluster=hands.ports.identity(), source="test", now=hands.ports.now())
    plan = make_plan(proposal, origin, limit=20, even_if_retrying=known.even_if_retrying)
    hands.ports.ask = Ask(endpoint=str(hands.sandbox.sockets[DRIVER]))
    return run_plan(plan, hands.ports, folder, by="a test", wait=15.0)[1]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_a_finding_is_ended_and_taken_back(row: Row, tmp_path: Path) -> None:
    plan = row.plan()
    with live(tmp_path, plan, speed=SPEED) as sandbox:
        hands = Hands(sandbox, plan.versions[0])
        row.prepare(hands)
        proposal, known = proposed(row, hands)
        if row.refused:
            assert proposal.steps == ()
            assert row.refused in proposal.declined[0].reason
            assert proposal.declined[0].help
            return
        assert tuple(step.action for step in proposal.steps) == row.actions, proposal.declined
        before = sandbox.store.snapshot()
        outcomes = carried_out(hands, proposal, known, tmp_path / "there")
        assert {outcome.result for outcome in outcomes} == {Result.DONE}, [one.words for one in outcomes]
        hands.until(lambda: row.code not in hands.findings(), f"the end of {row.code}")
        assert changed(before, sandbox) == row.changes
        run = read_run(runs_in(tmp_path / "there")[0])
        back = plan_undo(hands.ports.observe(), run)
        assert tuple(step.action for step in back.steps) == row.back
        if not back.steps:
            assert all(one.reason for one in back.declined)
            return
        outcomes = carried_out(hands, back, Known(), tmp_path / "back")
        assert {outcome.result for outcome in outcomes} == {Result.DONE}
        if row.again:
            hands.until(lambda: row.again in hands.findings(), row.again)
        wanted = kept(before) if Action.SET_RETAIN in row.actions else specs(before)
        after = specs(sandbox.store.snapshot())
        for step in back.steps:
            key = (str(step.target.ref.kind), step.target.ref.name)
            assert after[key] == wanted[key]


def test_every_finding_with_a_remedy_is_among_them() -> None:
    assert {row.code for row in ROWS} | {"COSI406"} == CLEANUPS.keys() | REPAIRS.keys()


def test_whoever_read_the_crash_names_the_access_that_goes(tmp_path: Path) -> None:
    writer = Ref(Kind.ACCESS, TEAM, "writer")
    # Slower than the others: some minutes after the first crash the access has a finding of its own.
    with live(tmp_path, "crash", speed=SPEED / 4) as sandbox:
        hands = Hands(sandbox)

        def declined() -> str:
            kept = plan_cleanup(hands.ports.observe(), [writer], Known())
            return kept.declined[0].reason if kept.declined else ""

        hands.until(lambda: "a sidecar dies over some access (COSI406)" in declined(), "COSI406")
        world = hands.ports.observe()
        kept = plan_cleanup(world, [writer], Known())
        assert kept.steps == ()
        assert "a sidecar dies over some access (COSI406)" in kept.declined[0].reason
        known = Known(even_if_retrying=frozenset({writer}))
        proposal = plan_cleanup(world, [writer], known)
        assert proposal.steps[0].leaves_behind.startswith("may leave account ba-")
        outcomes = carried_out(hands, proposal, known, tmp_path / "there")
        assert [outcome.result for outcome in outcomes] == [Result.DONE], [one.words for one in outcomes]
        hands.until(lambda: "COSI406" not in hands.findings(), "the end of the crash loop")
