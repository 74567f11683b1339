"""The options about logs, as typed: what implies what, what excludes what, and that log text stays harmless."""

import json
from pathlib import Path
from typing import Final

import pytest

from tests.cli_process import V1, cosictl, one_line

CRASH: Final = str(Path(V1) / "sidecar-crash.log")
CALLS: Final = str(Path(V1) / "driver-calls.jsonl")
HOSTILE: Final = "\x1b[31mred\u202e [bold]x[/bold] AKIAIOSFODNN7EXAMPLE"


def codes(*words: str, stdin: str = "") -> set[str]:
    done = cosictl("diagnose", *words, "-o", "json", stdin=stdin)
    assert done.returncode == 3, done.stderr
    return {finding["code"] for finding in json.loads(done.stdout)["findings"]}


def test_a_file_implies_that_logs_are_read_and_those_of_the_folder_with_it() -> None:
    assert "COSI406" not in codes("-f", V1)
    assert {"COSI406", "COSI108"} <= codes("-f", V1, "--logs")
    assert {"COSI406", "COSI108"} <= codes("-f", V1, "--log-file", CALLS)


def test_a_dump_and_a_log_beside_it_need_no_folder() -> None:
    dumps = [word for name in ("objects.json", "events.json", "about.json") for word in ("-f", str(Path(V1) / name))]
    assert "COSI406" in codes(*dumps, "--log-file", CRASH)
    assert "COSI406" not in codes(*dumps, "--log-file", CALLS)
    assert "COSI107" in codes(*dumps, "--log-file", CALLS)


def test_a_log_comes_through_standard_input() -> None:
    assert "COSI406" in codes("-f", str(Path(V1) / "objects.json"), "--log-file", "-", stdin=Path(CRASH).read_text())


def test_since_narrows_files_where_it_is_given() -> None:
    assert "COSI108" in codes("-f", V1, "--logs", "--since", "1m")
    assert "COSI108" not in codes("-f", V1, "--logs", "--since", "1s")


USAGE: Final = {
    ("--since", "1h"): "--since is about logs; give --logs as well",
    ("--previous",): "--previous is about logs; give --logs as well",
    ("--logs", "--since", "soon"): "--since soon: is no duration; write it like 10s, 1m30s or 0",
    ("-f", "-", "--log-file", "-"): "standard input cannot be both the dump and a log; write one of them to a file",
}


@pytest.mark.parametrize(("verb", "words"), [*(("diagnose", words) for words in USAGE), ("events", ("--previous",))])
def test_what_makes_no_sense_is_a_usage_error(verb: str, words: tuple[str, ...]) -> None:
    done = cosictl(verb, *words)
    assert done.returncode == 2
    assert one_line(done.stderr) == f"cosictl: {USAGE[words]}"


@pytest.mark.parametrize("path", ["missing.log", "."])
def test_a_named_log_that_cannot_be_read_is_an_error(path: str, tmp_path: Path) -> None:
    done = cosictl("diagnose", "-f", V1, "--log-file", path, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"log {path}: cannot be read" in one_line(done.stderr)


def test_a_log_of_a_folder_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "objects.json").write_text((Path(V1) / "objects.json").read_text())
    (tmp_path / "broken.log").symlink_to(tmp_path / "nowhere")
    done = cosictl("diagnose", "-f", str(tmp_path), "--logs", "-o", "json")
    (status,) = [status for status in json.loads(done.stdout)["unread"] if status["resource"] == "logs"]
    assert "broken.log: cannot be read" in status["reason"]


def test_hostile_text_of_a_log_is_masked_and_spelled_out(tmp_path: Path) -> None:
    bucket = "bucket-3c20017e-f4f9-4b2a-913a-1ca03bf63beb"
    call = {"t": 1795446660.0, "method": "DriverCreateBucket", "key": bucket, "code": "Internal", "message": HOSTILE}
    log = tmp_path / "driver.log"
    log.write_text(json.dumps(call) + "\n")
    for words in (["diagnose"], ["events", f"bucket/{bucket}", "--no-trunc"]):
        done = cosictl(*words, "-f", V1, "--log-file", str(log))
        assert "\x1b" not in done.stdout
        assert "\u202e" not in done.stdout
        assert "AKIA" not in done.stdout
        assert "\\x1b[31mred\\u202e [bold]x[/bold] ***" in done.stdout


def test_events_show_the_lines_beside_the_records() -> None:
    done = cosictl("events", "access/acc-noclaim", "-n", "team-a", "-f", V1, "--logs", "-o", "json")
    (item,) = json.loads(done.stdout)["items"]
    assert (item["carrier"], item["count"], item["classification"]["cause"]) == ("sidecar-log", 5, "kube-not-found")
    assert item["component"].endswith("sidecar.log")
