"""What trying everything on a real API server found, one defect each: the sandbox hid it, or nobody had looked."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from cosictl.diagnosis.report import diagnose
from cosictl.errors import Exit
from cosictl.model.copying import replace
from cosictl.model.plan import Action
from cosictl.model.report import Outlook
from cosictl.remedy.guard import Situation
from cosictl.remedy.guards import refusal
from cosictl.remedy.steps import step_of
from cosictl.remedy.world import world_of
from tests.apiserver import NOON, ApiServer
from tests.changing import Hands, Person
from tests.in_process import typed
from tests.live_sandbox import live
from tests.remedy_worlds import CLAIM, NOW, access, claim, looping, revoking


@pytest.mark.parametrize("spelled", ["--token {}", "--token={}"])
def test_a_token_is_not_in_what_is_to_be_typed_again(spelled: str, tmp_path: Path) -> None:
    with live(tmp_path, "cosi-86", speed=30.0) as sandbox:
        hands, person = Hands(sandbox), Person(sandbox, tmp_path)
        hands.until(lambda: "COSI106" in hands.findings(), "COSI106")
        token = yaml.safe_load(sandbox.kubeconfig.read_text())["users"][0]["user"]["token"]
        told = person.types("cleanup", "claim/reports", *spelled.format(token).split())
    assert told.returncode == 0, told.stderr
    again = [line for line in told.stdout.splitlines() if line.strip().startswith("cosictl cleanup")]
    assert len(again) == 2
    assert all(spelled.format("TOKEN") in line for line in again)
    assert token not in told.stdout + told.stderr


@pytest.mark.parametrize("namespace", ["..", "a/b", "a/buckets?x=", "A", "-a", "a" * 64])
def test_what_is_no_name_of_a_namespace_is_refused(namespace: str, tmp_path: Path) -> None:
    with ApiServer([], at=NOON) as server:
        for words in (("get", "claims"), ("wait", "claim/x", "--for", "gone")):
            told = typed(*words, f"--namespace={namespace}", "--kubeconfig", str(server.kubeconfig(tmp_path)))
            assert told.code is Exit.USAGE
            assert "is no name of a namespace" in told.err
        assert server.requests == []


@pytest.mark.parametrize("words", [("sidecars",), ("get", "drivers")], ids=" ".join)
def test_there_is_no_driver_only_where_that_could_be_read(words: tuple[str, ...], tmp_path: Path) -> None:
    refused = ("buckets", "bucketclasses", "bucketaccessclasses")
    with ApiServer([], at=NOON, forbidden=refused) as server:
        told = typed(*words, "--kubeconfig", str(server.kubeconfig(tmp_path)))
    assert told.code is Exit.FAILED
    assert "buckets could not be read" in told.err
    with ApiServer([], at=NOON) as server:
        assert typed(*words, "--kubeconfig", str(server.kubeconfig(tmp_path))).code is Exit.OK


@pytest.mark.parametrize(
    ("status", "step"), [(403, "kubectl auth can-i list"), (404, "kubectl get crd"), (500, "kubectl get")]
)
def test_what_to_do_about_a_list_depends_on_how_it_was_refused(status: int, step: str, tmp_path: Path) -> None:
    with ApiServer([], at=NOON, faults=(f"{status}:list:bucketclaims",)) as server:
        told = typed("get", "claims", "--request-timeout=2s", "--kubeconfig", str(server.kubeconfig(tmp_path)))
    assert told.code is Exit.FAILED
    assert f"{step} bucketclaims" in told.err


def test_a_mark_is_rehearsed_with_all_its_words(tmp_path: Path) -> None:
    with live(tmp_path, "cosi-86", speed=30.0) as sandbox:
        hands, person = Hands(sandbox), Person(sandbox, tmp_path)
        hands.patch("claim/reports", {"metadata": {"annotations": {"long": "x" * 200_000}}})
        for length, code in ((1000, 0), (70_000, 1)):
            told = person.types("mark", "claim/reports", "--reason", "y" * length, "--dry-run=server")
            assert told.returncode == code, told.stderr
        assert "Too long" in told.stderr


def outlook_of_access(**more: Any) -> tuple[Outlook, str]:
    report = diagnose(revoking(events=(), **more))
    (found,) = (item for item in report.objects if item.ref.kind == "BucketAccess")
    code = next((finding.code for finding in report.findings if finding.root == found.ref), "")
    return found.outlook, code


def test_silence_tells_nothing_where_the_namespace_may_be_going() -> None:
    gone = replace(claim(ready=True), meta=replace(claim().meta, deleted=NOW - timedelta(hours=1)))
    going = replace(access(), meta=replace(access().meta, deleted=NOW - timedelta(hours=1)))
    assert outlook_of_access(accesses=(going,)) == (Outlook.STALLED, "COSI413")
    assert outlook_of_access(accesses=(going,), claims=(gone,)) == (Outlook.UNKNOWN, "COSI306")


def test_a_deletion_by_another_hand_is_called_one() -> None:
    """It raises the generation too, on a real server."""
    step = step_of(world_of(looping()), Action.DELETE_OBJECT, CLAIM, why="a test")
    moved = replace(claim().meta, deleted=NOW, generation=claim().meta.generation + 1)
    world = world_of(looping(claims=(replace(claim(), meta=moved),)))
    found = refusal(Situation(step=step, world=world))
    assert found is not None
    assert found.guard == "same-deletion"
