"""Changing verbs as their users type them: plans, consent, files, and what must be refused before the first write."""

import json
import resource
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from cosictl.remedy.digest import digest_of
from cosictl.remedy.journal import read_run, runs_in
from cosictl.sandbox.api.access import Rule, User
from cosictl.sandbox.run import Sandbox
from tests.changing import Hands, Person
from tests.cli_process import one_line
from tests.live_sandbox import live
from tests.test_remedy_dumps import lost_handoffs

SPEED: Final = 30.0


@pytest.fixture(scope="module")
def stuck(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A cluster with a loop, which no test of this file ends."""
    with live(tmp_path_factory.mktemp("stuck"), "cosi-86", speed=SPEED) as sandbox:
        yield sandbox


@pytest.fixture
def person(stuck: Sandbox, tmp_path: Path) -> Person:
    return Person(stuck, tmp_path)


def plan_file(person: Person, folder: Path, *words: str) -> Path:
    told = person.types(*(words or ("cleanup", "claim/reports")), "-o", "yaml")
    assert told.returncode == 0, told.stderr
    path = folder / "plan.yaml"
    path.write_text(told.stdout)
    return path


def nothing_happened(stuck: Sandbox, person: Person) -> None:
    assert stuck.difference() == ()
    assert runs_in(person.journals) == ()


def test_without_apply_nothing_is_changed(person: Person, stuck: Sandbox) -> None:
    told = person.types("cleanup", "claim/reports")
    assert told.returncode == 0
    assert "nothing was changed. To do it:" in told.stdout
    for label in ("why", "does", "leaves", "undo", "digest"):
        assert f"\n   {label} " in told.stdout
    nothing_happened(stuck, person)


def test_a_plan_is_a_versioned_document_with_one_digest(person: Person, tmp_path: Path) -> None:
    as_json = person.plans("cleanup", "claim/reports")
    as_yaml: dict[str, Any] = yaml.safe_load(plan_file(person, tmp_path).read_text())
    assert (as_json["kind"], as_json["apiVersion"]) == ("Plan", "cosictl.dev/v1")
    assert as_json["digest"] == as_yaml["digest"]
    step = as_json["steps"][0]
    assert set(step) >= {"action", "object", "precondition", "why", "leavesBehind", "inverse"}
    assert set(step["precondition"]) == {"uid", "generation", "deletionTimestamp", "finalizers", "failure"}
    assert step["precondition"]["failure"]["code"] == "InvalidArgument"
    assert step["leavesBehind"].startswith("may leave bucket testlongname")


def test_without_a_terminal_the_digest_is_needed(person: Person, stuck: Sandbox) -> None:
    told = person.types("cleanup", "claim/reports", "--apply")
    assert told.returncode == 4
    assert "--confirm " in one_line(told.stderr)
    nothing_happened(stuck, person)


def test_another_digest_is_refused(person: Person, stuck: Sandbox) -> None:
    told = person.types("cleanup", "claim/reports", "--confirm", "0123456789abcdef")
    assert told.returncode == 4
    assert "the digest is not that of what would be done now" in one_line(told.stderr)
    nothing_happened(stuck, person)


def edited(tree: dict[str, Any]) -> None:
    tree["steps"][0]["object"]["name"] = "photos"


def resealed(tree: dict[str, Any]) -> None:
    """Edited by somebody who knows how a plan is sealed, but left the digest."""
    tree["steps"][0]["object"]["name"] = "photos"
    del tree["seal"]
    tree["seal"] = digest_of(tree)


def other_version(tree: dict[str, Any]) -> None:
    tree["apiVersion"] = "cosictl.dev/v0"


def no_plan(tree: dict[str, Any]) -> None:
    tree["kind"] = "List"


def prolonged(tree: dict[str, Any]) -> None:
    tree["expiresAt"] = "2099-01-01T00:00:00Z"


def expired(tree: dict[str, Any]) -> None:
    tree["expiresAt"] = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    del tree["seal"]
    tree["seal"] = digest_of(tree)


def cut(tree: dict[str, Any]) -> None:
    del tree["steps"]
    del tree["seal"]
    tree["seal"] = digest_of(tree)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (edited, "the plan is not the one that was made"),
        (resealed, "the plan's digest is not that of its steps"),
        (other_version, "the plan is of version cosictl.dev/v0"),
        (no_plan, "this is no plan"),
        (prolonged, "the plan is not the one that was made"),
        (expired, "the plan expired at"),
        (cut, "the plan cannot be read"),
    ],
)
def test_a_spoilt_plan_is_refused(spoil: Any, words: str, person: Person, stuck: Sandbox, tmp_path: Path) -> None:
    path = plan_file(person, tmp_path)
    tree: dict[str, Any] = yaml.safe_load(path.read_text())
    spoil(tree)
    path.write_text(json.dumps(tree))
    told = person.types("apply", str(path), "--confirm", tree["digest"])
    assert (told.returncode, words in one_line(told.stderr)) == (4, True), told.stderr
    nothing_happened(stuck, person)


@pytest.mark.parametrize("content", [b"", b"\x00\xff", b"[1, 2", b"- a\n- b\n", b"kind: Plan\n", b"{" * 5000])
def test_what_is_no_plan_is_refused(content: bytes, person: Person, stuck: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "plan"
    path.write_bytes(content)
    told = person.types("apply", str(path), "--confirm", "0123456789abcdef")
    assert told.returncode == 4
    assert one_line(told.stderr)
    nothing_happened(stuck, person)


def test_a_plan_of_another_cluster_is_refused(person: Person, tmp_path: Path) -> None:
    path = plan_file(person, tmp_path)
    with live(tmp_path, "healthy", speed=SPEED) as other:
        stranger = Person(other, tmp_path)
        told = stranger.types("apply", str(path), "--confirm", yaml.safe_load(path.read_text())["digest"])
        assert other.difference() == ()
    assert told.returncode == 4
    assert "the plan was made on another cluster" in one_line(told.stderr)
    assert runs_in(stranger.journals) == ()


def test_a_plan_is_carried_out_elsewhere(tmp_path: Path) -> None:
    with live(tmp_path, "cosi-86", speed=SPEED) as sandbox:
        person = Person(sandbox, tmp_path)
        path = plan_file(person, tmp_path)
        elsewhere = Person(sandbox, tmp_path / "elsewhere")
        told = elsewhere.types("apply", str(path), "--confirm", yaml.safe_load(path.read_text())["digest"])
        again = elsewhere.types("apply", str(path), "--confirm", yaml.safe_load(path.read_text())["digest"])
        listed = elsewhere.types("journal", "list")
        run_id = listed.stdout.split()[0]
        shown = json.loads(elsewhere.types("journal", "show", run_id, "-o", "json").stdout)
        folder = elsewhere.journals / run_id
    assert (told.returncode, again.returncode) == (0, 4), told.stderr + again.stderr
    assert "does not exist any more (same-uid)" in again.stdout
    assert shown["steps"][0]["record"]["remains"].startswith("may leave bucket testlongname")
    backup = next(folder.iterdir())
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert json.loads(backup.read_text())["metadata"]["name"] == "reports"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_no_journal_no_change(person: Person, stuck: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "journals").write_text("a file where a folder should be")
    digest = person.plans("cleanup", "claim/reports")["digest"]
    told = person.types("cleanup", "claim/reports", "--confirm", digest)
    assert told.returncode == 1
    assert "nothing is changed without a journal and a backup" in told.stderr
    assert stuck.difference() == ()


def test_a_full_disk_is_refused_before_the_first_write(person: Person, stuck: Sandbox) -> None:
    digest = person.plans("cleanup", "claim/reports")["digest"]
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    # A file may not grow: to the program that is what a full disk is, an error of its first write.
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        told = person.types("cleanup", "claim/reports", "--confirm", digest)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert told.returncode == 1
    assert "cannot be written" in told.stderr
    assert stuck.difference() == ()


def test_a_larger_plan_than_the_limit_is_refused(tmp_path: Path) -> None:
    with live(tmp_path, lost_handoffs(3), speed=SPEED) as sandbox:
        hands, person = Hands(sandbox), Person(sandbox, tmp_path)
        hands.until(lambda: "COSI201" in hands.findings(), "COSI201")
        told = person.types("repair", "-A", "--finding", "COSI201", "--limit", "2")
    assert told.returncode == 4
    assert "the plan has 3 steps, and --limit is 2" in one_line(told.stderr)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("cleanup",), 2, "it is not said what to change"),
        (("cleanup", "class/standard"), 2, "classes are not changed"),
        (("cleanup", "claim/nothing"), 1, 'bucketclaim "nothing" not found'),
        (("cleanup", "driver/x"), 2, "drivers are no objects"),
        (("mark", "claim/photos"), 2, "missing option '--reason'"),
        (("apply",), 2, "there is no plan"),
        (("apply", "/nowhere/plan"), 4, "No such file"),
        (("undo", "20990101T000000Z-000000"), 1, "no run"),
        (("cleanup", "claim/reports", "--apply", "--dry-run", "server"), 2, "exclude each other"),
    ],
)
def test_wrong_command_lines_are_told_in_one_line(words: tuple[str, ...], code: int, said: str, person: Person) -> None:
    told = person.types(*words)
    assert (told.returncode, said in one_line(told.stderr)) == (code, True), told.stderr


def test_a_healthy_object_gets_no_step(person: Person) -> None:
    assert person.plans("cleanup", "claim/photos")["steps"] == []
    assert person.plans("quarantine", "claim/photos")["steps"] == []


def test_the_server_is_asked_without_being_changed(person: Person, stuck: Sandbox) -> None:
    told = person.types("cleanup", "claim/reports", "--dry-run", "server")
    assert told.returncode == 0, told.stderr
    assert "the server would do it" in told.stderr
    nothing_happened(stuck, person)


def test_a_journal_that_was_cut_is_told(person: Person, tmp_path: Path) -> None:
    folder = tmp_path / "journals"
    folder.mkdir()
    (folder / "20260101T000000Z-abcdef.jsonl").write_text('{"type":"ru')
    told = person.types("undo", "20260101T000000Z-abcdef")
    assert told.returncode == 1
    assert "is no journal" in one_line(told.stderr)
    assert [path.name for path in folder.iterdir()] == ["20260101T000000Z-abcdef.jsonl"]


def test_a_right_that_is_missing_is_found_before_the_first_write(tmp_path: Path) -> None:
    with live(tmp_path, lost_handoffs(3), speed=SPEED) as sandbox:
        hands, person = Hands(sandbox), Person(sandbox, tmp_path)
        hands.until(lambda: "COSI201" in hands.findings(), "COSI201")
        digest = person.plans("repair", "-A", "--finding", "COSI201")["digest"]
        reads = Rule(verbs=("get", "list"))
        some = Rule(verbs=("patch",), resources=("bucketclaims/status",), names=("photos-1", "photos-3"))
        token = sandbox.access.admit(User(name="jane", rules=(reads, some)))
        told = person.types("repair", "-A", "--finding", "COSI201", "--confirm", digest, "--token", token)
        assert sandbox.difference() == ()
    assert told.returncode == 4
    assert "you may not patch bucketclaims/status photos-2" in told.stderr
    assert read_nothing(person)


def test_a_journal_that_was_changed_is_told(tmp_path: Path) -> None:
    with live(tmp_path, lost_handoffs(3), speed=SPEED) as sandbox:
        hands, person = Hands(sandbox), Person(sandbox, tmp_path)
        hands.until(lambda: "COSI201" in hands.findings(), "COSI201")
        run = person.does("repair", "claim/photos-1")["run"]
        path = person.journals / f"{run}.jsonl"
        lines = path.read_text().splitlines()
        path.write_text("\n".join([lines[0], lines[1][:40], *lines[2:]]) + "\n")
        told = person.types("undo", run)
        cut = person.journals / "cut.jsonl"
        cut.write_text("\n".join([*lines[:2], lines[2][:40]]))
        resumed = person.types("apply", "--resume", str(cut), "--confirm", json.loads(lines[0])["plan"]["digest"])
    assert told.returncode == 1
    assert "line 2 is broken" in one_line(told.stderr)
    assert resumed.returncode == 0, resumed.stderr
    assert "found done after an interruption" in resumed.stdout


def read_nothing(person: Person) -> bool:
    return [read_run(path) for path in runs_in(person.journals)] == []
