"""``report diff`` as a process: every form of OLD and NEW, what cannot be read, and a cluster that really changed."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.apiserver import NOON, ApiServer, Object
from tests.cli_process import V1, V2, cosictl, in_terminal, one_line
from tests.test_cli_watch import objects

GROUPS: Final = ("got-stuck", "still-stuck", "recreated", "new", "other", "got-better", "gone", "not-compared")


def saved(folder: Path, recording: str, form: str = "json") -> Path:
    """A diagnosis saved to a file."""
    path = folder / f"saved.{form}"
    path.write_text(cosictl("diagnose", "-f", recording, "-o", form).stdout)
    return path


@pytest.fixture(scope="module")
def of_v1() -> str:
    """The report of a recording."""
    return cosictl("diagnose", "-f", V1, "-o", "json").stdout


def compared(old: Path | str, new: Path | str) -> Any:
    done = cosictl("report", "diff", str(old), str(new), "-o", "json")
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_a_saved_report_stands_for_the_dump_it_was_made_from(form: str, tmp_path: Path) -> None:
    of_dumps, of_reports = compared(V2, V1), compared(V2, saved(tmp_path, V1, form))
    assert of_dumps["summary"]["recreated"]
    assert of_reports["changes"] == of_dumps["changes"]
    assert of_reports["new"] == of_dumps["new"]


def test_a_saved_report_may_be_sorted_packed_and_piped(of_v1: str) -> None:
    document = json.loads(of_v1)
    for text in (json.dumps(document, sort_keys=True), json.dumps(document, separators=(",", ":"))):
        done = cosictl("report", "diff", "-", V1, stdin=text)
        assert done.returncode == 0, done.stderr
        assert "15 still stuck   33 as before" in done.stdout


def test_a_dump_may_be_piped_and_a_folder_named(tmp_path: Path) -> None:
    dump = cosictl("snapshot", "-f", V1, "-o", "-").stdout
    shutil.copytree(V1, tmp_path / "must-gather")
    done = cosictl("report", "diff", str(tmp_path / "must-gather"), "-", stdin=dump)
    assert "15 still stuck   33 as before" in done.stdout


def test_each_form_tells_the_same() -> None:
    document = compared(V2, V1)
    assert (document["apiVersion"], document["kind"]) == ("cosictl.dev/v1alpha1", "ReportDiff")
    assert {row["change"] for row in document["changes"]} <= set(GROUPS)
    rows = cosictl("report", "diff", V2, V1, "-o", "jsonl").stdout.splitlines()
    assert [json.loads(row) for row in rows] == document["changes"]
    assert yaml.safe_load(cosictl("report", "diff", V2, V1, "-o", "yaml").stdout) == document
    counts = {key: count for key, count in document["summary"].items() if key != "same"}
    assert sum(counts.values()) == len(document["changes"])


def older(document: Any) -> Any:
    """As a version would write it that knew less."""
    document["summary"].pop("stuckPods")
    document.pop("skippedFiles")
    for item in document["objects"]:
        for key in ("attempts", "nextTry", "waitsOn", "driver", "policy", "basis"):
            item.pop(key)
    return document


def test_a_report_that_says_less_is_read(of_v1: str, tmp_path: Path) -> None:
    path = tmp_path / "older.json"
    path.write_text(json.dumps(older(json.loads(of_v1))))
    done = cosictl("report", "diff", str(path), V1)
    assert done.returncode == 0, done.stderr
    assert "15 still stuck   33 as before" in done.stdout


def put(path: tuple[Any, ...], value: object) -> Callable[[Any], str]:
    """Change one place of a document."""

    def change(document: Any) -> str:
        holder = document
        for key in path[:-1]:
            holder = holder[key]
        holder[path[-1]] = value
        return json.dumps(document)

    return change


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (put(("apiVersion",), "cosictl.dev/v1"), "report format cosictl.dev/v1 is not known"),
        (put(("apiVersion",), "cosictl.dev/v1alpha0"), "report format cosictl.dev/v1alpha0 is not known"),
        (put(("kind",), "SidecarList"), "it is a SidecarList that cosictl wrote"),
        (put(("objects", 0, "outlook"), "happy"), "'happy' is not a valid Outlook"),
        (put(("objects", 0, "attempts"), "many"), "attempts"),
        (put(("objects", 0), {"kind": "Bucket"}), "missing required field"),
        (put(("objects",), None), "objects"),
        (put(("takenAt",), "0001-01-01T00:00:00Z"), "it does not say when it was taken"),
        (lambda document: json.dumps(document)[:-200], "cannot be read to its end"),
        (lambda _: "<!doctype html><title>a report</title>", "is no dump"),
        (lambda _: "", "is empty"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_compared_is_one_line(
    spoil: Callable[[Any], str], words: str, of_v1: str, tmp_path: Path
) -> None:
    path = tmp_path / "spoiled.json"
    path.write_text(spoil(json.loads(of_v1)))
    for sides in ((str(path), V1), (V1, str(path))):
        done = cosictl("report", "diff", *sides)
        assert (done.returncode, done.stdout) == (1, "")
        assert str(path) in one_line(done.stderr)
        assert words in done.stderr


def test_a_file_that_is_not_there_is_one_line() -> None:
    done = cosictl("report", "diff", V1, "absent.json")
    assert (done.returncode, done.stdout) == (1, "")
    assert "absent.json: cannot be read: No such file" in one_line(done.stderr)


@pytest.mark.parametrize(
    "words", [("-", "-"), (V1,), (V1, V1, "-o", "junit"), (V1, V1, "-n", "team-a"), (V1, V1, "-l", "a=b")], ids=str
)
def test_a_wrong_command_line_is_a_usage_error(words: tuple[str, ...]) -> None:
    done = cosictl("report", "diff", *words, stdin="{}")
    assert (done.returncode, done.stdout) == (2, "")
    assert one_line(done.stderr)


class Story:
    """A cluster, and what is recorded of it before and after it changes."""

    def __init__(self, server: ApiServer, folder: Path) -> None:
        self.server = server
        self.folder = folder
        self.config = str(server.kubeconfig(folder))

    def snapshot(self, name: str) -> str:
        path = str(self.folder / f"{name}.json")
        done = cosictl("snapshot", "--kubeconfig", self.config, "-A", "-o", path)
        assert done.returncode == 0, done.stderr
        return path

    def report(self, name: str) -> str:
        path = self.folder / f"{name}.json"
        path.write_text(cosictl("diagnose", "--kubeconfig", self.config, "-o", "json").stdout)
        return str(path)


def bucket() -> Object:
    return next(item for item in objects() if item["kind"] == "Bucket")


def became(old: str, new: str) -> dict[str, str]:
    """What became of the objects, by their kinds."""
    return {row["kind"]: row["change"] for row in compared(old, new)["changes"]}


@pytest.mark.parametrize("record", [Story.snapshot, Story.report], ids=["dumps", "reports"])
def test_a_cluster_that_changed(record: Callable[[Story, str], str], tmp_path: Path) -> None:
    with ApiServer(objects(), at=NOON) as server:
        story = Story(server, tmp_path)
        stuck = record(story, "stuck")
        healed = bucket() | {"status": {"bucketReady": True, "bucketID": "b-1"}}
        server.change(healed)
        better = record(story, "better")
        server.drop("Bucket")
        gone = record(story, "gone")
        server.change(healed | {"metadata": {**healed["metadata"], "uid": "another"}})
        again = record(story, "again")
    assert became(stuck, better)["Bucket"] == "got-better"
    assert became(better, stuck)["Bucket"] == "got-stuck"
    assert became(stuck, gone)["Bucket"] == "gone"
    assert became(gone, stuck)["Bucket"] == "new"
    assert became(better, again)["Bucket"] == "recreated"


@pytest.mark.parametrize("record", [Story.snapshot, Story.report], ids=["dumps", "reports"])
def test_a_right_that_was_lost_makes_nothing_better(record: Callable[[Story, str], str], tmp_path: Path) -> None:
    with ApiServer(objects(), at=NOON) as server:
        before = record(Story(server, tmp_path), "before")
    with ApiServer(objects(), at=NOON, forbidden=["buckets", "events"]) as server:
        after = record(Story(server, tmp_path), "after")
    document = compared(before, after)
    assert {row["kind"]: row["change"] for row in document["changes"]}["Bucket"] == "not-compared"
    assert (document["summary"]["gotBetter"], document["summary"]["gone"]) == (0, 0)
    reasons = [row["why"] for row in document["changes"] if row["kind"] == "Bucket"]
    assert "NEW could not read buckets: " in reasons[0]
    text = cosictl("report", "diff", before, after).stdout
    assert "1 not compared" in text
    assert "NEW: " in text.splitlines()[-1]
    assert "no right to list it" in text.splitlines()[-1]


def test_the_wrong_way_round_is_noticed() -> None:
    assert "before OLD; are they the right way round?" in cosictl("report", "diff", V2, V1).stdout
    assert "2m58s later" in cosictl("report", "diff", V1, V2).stdout


def test_on_a_terminal_it_is_coloured_and_fits() -> None:
    code, seen = in_terminal("report", "diff", V1, V2, columns=80)
    assert code == 0
    assert "\x1b[" in seen
    assert "\x1b" not in in_terminal("report", "diff", V1, V2, columns=80, env={"NO_COLOR": "1"})[1]


def test_a_saved_report_of_files_does_not_know_what_they_lacked(tmp_path: Path) -> None:
    items = json.loads((Path(V1) / "objects.json").read_text())["items"]
    claims = tmp_path / "claims.json"
    kept = [item for item in items if item["kind"] != "BucketAccess"]
    claims.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": kept}))
    document = compared(V1, saved(tmp_path, str(claims)))
    whys = {row["why"] for row in document["changes"] if row["kind"] == "BucketAccess"}
    assert whys == {"NEW was made from files, which perhaps had no bucketaccesses"}
