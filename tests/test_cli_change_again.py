"""Ways in which the changing verbs once said too little, too much, or something untrue: one test each."""

import json
import os
import pty
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

from cosictl.errors import CosictlError
from cosictl.flows.change import Origin, go_on, make_plan
from cosictl.knowledge.finalizers import SECRET_PROTECTION
from cosictl.model.plan import Result
from cosictl.remedy.journal import find_run, read_run, runs_in
from cosictl.remedy.planners.mark import Note, plan_marks
from cosictl.sandbox.objects import TEAM
from tests.changing import Hands, Person
from tests.cli_process import COMMAND, environment, one_line
from tests.live_sandbox import live
from tests.step_kinds import claim
from tests.test_remedy_dumps import lost_handoffs

SPEED: Final = 30.0
KEY: Final = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY"


def test_a_plan_for_a_secret_is_carried_out_from_its_file(tmp_path: Path) -> None:
    with live(tmp_path, "healthy", speed=SPEED) as sandbox:
        hands, person = Hands(sandbox), Person(sandbox, tmp_path)
        meta = {"name": "stray", "namespace": TEAM, "finalizers": [SECRET_PROTECTION]}
        hands.create({"apiVersion": "v1", "kind": "Secret", "metadata": meta}, "secret")
        hands.delete("secret/stray")
        plan = person.plans("repair", "secret/stray", "-n", TEAM)
        path = tmp_path / "plan.json"
        path.write_text(json.dumps(plan))
        told = person.types("apply", str(path), "--confirm", plan["digest"])
        assert told.returncode == 0, told.stdout + told.stderr
        assert hands.get("secret/stray") is None


def test_a_credential_in_a_reason_is_never_written_and_its_mark_comes_off(tmp_path: Path) -> None:
    with live(tmp_path, "healthy", speed=SPEED) as sandbox:
        hands, person = Hands(sandbox), Person(sandbox, tmp_path)
        person.does("mark", "claim/photos", "--reason", "see password=hunter2secret in the log")
        tree = hands.get("claim/photos")
        assert tree is not None
        assert "hunter2secret" not in json.dumps(tree)
        person.does("unmark", "claim/photos")
        # One that somebody wrote by hand comes off as well, and is not repeated on the screen.
        mark = json.dumps({"by": "jane", "reason": "token=abcdef0123456789abcdef"})
        hands.patch("claim/photos", {"metadata": {"annotations": {"cosictl.dev/mark": mark}}})
        digest = person.plans("unmark", "claim/photos")["digest"]
        told = person.types("unmark", "claim/photos", "--confirm", digest)
        assert told.returncode == 0, told.stdout + told.stderr
        assert "abcdef0123456789" not in told.stdout + told.stderr


def test_what_undo_would_make_again_is_shown_without_credentials(tmp_path: Path) -> None:
    with live(tmp_path, "cosi-86", speed=SPEED) as sandbox:
        hands, person = Hands(sandbox), Person(sandbox, tmp_path)
        hands.patch("claim/reports", {"metadata": {"annotations": {"example.com/secretKey": f"secretKey={KEY}"}}})
        run = person.does("cleanup", "claim/reports")["run"]
        shown = person.types("undo", run, "-o", "yaml")
        assert KEY not in shown.stdout
        assert "credentials are masked here" in shown.stdout
        digest = json.loads(person.types("undo", run, "-o", "json").stdout)["digest"]
        told = person.types("undo", run, "--confirm", digest)
        assert told.returncode == 0, told.stdout + told.stderr
        tree = hands.get("claim/reports")
    assert tree is not None
    assert KEY in json.dumps(tree["metadata"]["annotations"]), "the backup brings it back as it was"


def test_a_type_alone_stays_in_its_namespace(tmp_path: Path) -> None:
    with live(tmp_path, "access", speed=SPEED) as sandbox:
        person = Person(sandbox, tmp_path)
        assert person.plans("cleanup", "buckets", "-n", "kube-system")["steps"] == []
        assert person.plans("cleanup", "buckets", "-n", TEAM)["steps"]


@pytest.mark.parametrize(
    "line",
    [
        b"5",
        b'"x"',
        b'{"type":"begin","step":1}',
        b'{"type":"end","step":1,"result":"bogus","words":"","at":""}',
        b'{"type":"begin","step":9,"values":{},"before":"","backup":"","at":""}',
    ],
)
def test_a_line_that_is_none_is_an_error_in_one_line(line: bytes, tmp_path: Path) -> None:
    with live(tmp_path, "healthy", speed=SPEED) as sandbox:
        person = Person(sandbox, tmp_path)
        run = person.does("mark", "claim/photos", "--reason", "x")["run"]
        path = person.journals / f"{run}.jsonl"
        whole = path.read_bytes().splitlines()
        path.write_bytes(b"\n".join([whole[0], line, *whole[1:]]) + b"\n")
        for words in (("journal", "show", run), ("undo", run), ("apply", "--resume", run)):
            told = person.types(*words)
            assert told.returncode in {1, 4}, told.stderr
            assert one_line(told.stderr)
        good = person.does("mark", "claim/logs", "--reason", "x")["run"]
        listed = person.types("journal", "list")
    assert listed.returncode == 0
    assert good in listed.stdout
    assert one_line(listed.stderr)


def interrupted(hands: Hands, folder: Path) -> Path:
    """A journal of a run that was cut off in the middle of its second line."""
    world = hands.ports.observe()
    proposal = plan_marks(world, [claim("photos")], Note(reason="seen", by="a test"))
    origin = Origin(verb="mark", cluster=hands.ports.identity(), source="test", now=hands.ports.now())
    from cosictl.flows.change import run_plan  # noqa: PLC0415 - beside the other two, and used here only

    journal, _ = run_plan(make_plan(proposal, origin, limit=20), hands.ports, folder, by="a test", wait=5.0)
    hands.patch("claim/photos", {"metadata": {"annotations": {"cosictl.dev/mark": None}}})
    path = folder / f"{journal.run_id}.jsonl"
    first, second, *_ = path.read_bytes().splitlines()
    path.write_bytes(first + b"\n" + second[:100])
    return path


@pytest.mark.parametrize("tail", [b"", b"\n", b"\n" + b'{"type":"resu'], ids=["cut", "and a line end", "twice"])
def test_a_run_that_was_cut_off_while_it_went_on_goes_on(tail: bytes, tmp_path: Path) -> None:
    with live(tmp_path, "healthy", speed=5.0) as sandbox:
        hands = Hands(sandbox)
        path = interrupted(hands, tmp_path / "journal")
        path.write_bytes(path.read_bytes() + tail)
        _, outcomes = go_on(read_run(path), hands.ports, wait=5.0)
        assert [outcome.result for outcome in outcomes] == [Result.DONE]
        assert read_run(path).finished


def test_what_was_planned_too_long_ago_is_not_begun_any_more(tmp_path: Path) -> None:
    with live(tmp_path, "healthy", speed=5.0) as sandbox:
        hands = Hands(sandbox)
        path = interrupted(hands, tmp_path / "journal")
        run = read_run(path)
        late = type(hands.ports.now())
        hands.ports.skew = (run.plan.expires - late.now(run.plan.expires.tzinfo)) * 2
        _, outcomes = go_on(run, hands.ports, wait=5.0)
        tree = hands.get("claim/photos")
    assert [outcome.result for outcome in outcomes] == [Result.REFUSED]
    assert "the plan expired at" in outcomes[0].words
    assert tree is not None
    assert "cosictl.dev/mark" not in tree["metadata"].get("annotations", {})


@pytest.mark.parametrize("name", ["*", ".", "[", "///", "", "2", "../2026", "20?6"])
def test_a_run_is_named_by_its_beginning_and_by_nothing_else(name: str, tmp_path: Path) -> None:
    (tmp_path / "20261127T052154030Z-e1f922.jsonl").write_text("")
    assert find_run(tmp_path, "2026").name.startswith("20261127")
    assert len(runs_in(tmp_path)) == 1
    with pytest.raises(CosictlError):
        find_run(tmp_path, name)


def test_a_refusal_is_a_document_too(tmp_path: Path) -> None:
    with live(tmp_path, "healthy", speed=SPEED) as sandbox:
        person = Person(sandbox, tmp_path)
        nothing = person.types("repair", "claim/photos", "--confirm", "0123456789abcdef", "-o", "json")
        wrong = person.types("mark", "claim/photos", "--reason", "x", "--confirm", "0123456789abcdef", "-o", "json")
    assert (nothing.returncode, wrong.returncode) == (4, 4)
    document: dict[str, Any] = json.loads(nothing.stdout)
    assert (document["kind"], document["steps"]) == ("Plan", [])
    assert document["declined"][0]["reason"]
    assert json.loads(wrong.stdout)["steps"]


def test_hints_lead_to_the_same_place(tmp_path: Path) -> None:
    with live(tmp_path, lost_handoffs(1), speed=SPEED) as sandbox:
        person = Person(sandbox, tmp_path)
        planned = person.types("repair", "claim/photos-1", "--dry-run=client")
        hint = next(line for line in planned.stdout.splitlines() if "--confirm" in line)
        assert "--dry-run" not in hint
        hands = Hands(sandbox)
        hands.patch("claim/photos-1", {"metadata": {"finalizers": ["example.com/keep"]}})
        missing = person.types("cleanup", "claim/photos-1", "--even-if-retrying", "bucket/nobody")
    assert missing.returncode == 1
    assert "bucket/nobody" in missing.stderr.lower() or "Bucket/nobody" in missing.stderr


def at_terminal(person: Person, answer: str, *words: str) -> tuple[int, str, str]:
    """Run with stdin and stderr on a terminal, and stdout in a pipe."""
    ours, theirs = pty.openpty()
    place = ("--kubeconfig", str(person.sandbox.kubeconfig), "--journal-dir", str(person.journals))
    process = subprocess.Popen(
        [*COMMAND, *words, *place], stdin=theirs, stdout=subprocess.PIPE, stderr=theirs, env=environment(), text=True
    )
    os.close(theirs)
    os.write(ours, answer.encode())
    out, _ = process.communicate(timeout=60)
    seen = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:
            break
        if not piece:
            break
        seen += piece
    os.close(ours)
    return process.returncode, out, seen.decode()


def test_who_is_asked_has_seen_the_plan_even_where_documents_are_printed(tmp_path: Path) -> None:
    with live(tmp_path, lost_handoffs(1), speed=SPEED) as sandbox:
        person = Person(sandbox, tmp_path)
        code, out, seen = at_terminal(person, "n\n", "repair", "claim/photos-1", "--apply", "-o", "json")
    assert code == 4, seen
    assert seen.index("repair-handoff") < seen.index("do it, 1 step?")
    assert json.loads(out)["kind"] == "Plan"
