"""Everything that can be wrong with what a person gives: one line that says so, the right exit code, no output."""

import json
import socket
from pathlib import Path

import pytest

from cosictl.cli.app import ELSEWHERE
from cosictl.cli.verbs import VERBS
from tests.apiserver import ApiServer
from tests.cli_process import V1, cosictl, one_line

GOOD = '{"apiVersion": "v1", "kind": "List", "items": []}'


def refused(*words: str, code: int, stdin: str = "") -> str:
    """Run a command that must fail, and return what it says."""
    done = cosictl(*words, stdin=stdin)
    assert done.stdout == ""
    line = one_line(done.stderr)
    assert line.startswith("cosictl: ")
    assert done.returncode == code, line
    return line


def test_what_other_tools_call_their_commands_leads_to_ours() -> None:
    assert not ELSEWHERE.keys() & VERBS.keys()
    assert {meant.split()[0] for meant in ELSEWHERE.values()} <= VERBS.keys()


USAGE = {
    "no command": ((), "missing command; see cosictl --help"),
    "unknown command": (("digest",), "no such command 'digest'"),
    "a command of other tools": (
        ("describe",),
        "no such command 'describe'; that is cosictl diagnose; see cosictl --help",
    ),
    "a command of other tools below ours": (
        ("journal", "delete"),
        "no such command 'delete'; see cosictl journal --help",
    ),
    "unknown option": (("diagnose", "--foo"), "no such option: --foo"),
    "option without value": (("diagnose", "-n"), "requires an argument; see cosictl diagnose --help"),
    "unknown output": (("diagnose", "-f", V1, "-o", "xml"), "-o xml: no such output format; this command has text"),
    "unknown output of get": (("get", "claims", "-f", V1, "-o", "xml"), "custom-columns="),
    "unknown type": (("get", "buckts", "-f", V1), 'unknown type "buckts"; did you mean buckets'),
    "unknown type of a target": (("diagnose", "claym/x", "-f", V1), 'unknown type "claym"; did you mean claim'),
    "a file for a target": (("diagnose", "pyproject.toml"), "to read it instead of a cluster: -f pyproject.toml"),
    "an option before its verb": (("-f", V1, "diagnose"), "options of diagnose stand after it"),
    "half a target": (("diagnose", "claim/", "-f", V1), '"claim/" is not of the form TYPE/NAME'),
    "mixed targets": (("diagnose", "claim/a", "b", "-f", V1), '"b" is not of the form TYPE/NAME'),
    "unknown policy": (("diagnose", "-f", V1, "--assume-sidecar", "v0.2.9"), "v0.2.2"),
    "unknown finding": (("diagnose", "-f", V1, "--finding", "COSI999"), 'unknown finding code "COSI999"'),
    "unknown outlook": (("get", "claims", "-f", V1, "--outlook", "loping"), 'unknown outlook "loping"; try looping'),
    "outlook of a driver": (("get", "drivers", "-f", V1, "--outlook", "ready"), "a driver has no outlook"),
    "bad time": (("diagnose", "-f", V1, "--as-of", "yesterday"), "--as-of yesterday: is no time; write it like"),
    "bad selector": (("diagnose", "-f", V1, "-l", "a=b=c"), 'selector "a=b=c" cannot be read'),
    "bad timeout": (("diagnose", "--request-timeout", "soon"), "--request-timeout soon: is no duration"),
    "bad chunk size": (("diagnose", "--chunk-size", "-1"), "--chunk-size"),
    "bad colour": (("diagnose", "--color", "red"), "'red' is not one of 'auto', 'always', 'never'"),
    "bad input format": (("classify", "--input", "xml", "x"), "'xml' is not one of 'text', 'jsonl'"),
    "unknown shell": (("completion", "csh"), "'csh' is not one of"),
    "report in no format": (("report", "-f", V1, "-o", "pdf"), "-o pdf: no such output format; this command has mark"),
    "report to no file": (("report", "-f", V1, "--output-file", ""), "--output-file names no file; leave it out"),
    "force without a file": (("report", "-f", V1, "--force"), "--force is about --output-file; name the file"),
    "snapshot to nowhere": (("snapshot", "-f", V1), "snapshot needs -o FILE"),
}


@pytest.mark.parametrize(("words", "said"), USAGE.values(), ids=USAGE.keys())
def test_a_wrong_command_line_is_exit_2(words: tuple[str, ...], said: str) -> None:
    assert said in refused(*words, code=2)


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "empty.json").touch()
    (tmp_path / "half.json").write_text(GOOD[:30])
    (tmp_path / "notes.txt").write_text("buy milk\n")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "notes.txt").write_text("buy milk\n")
    for name in ("absent.json", "empty.json", "half.json", "notes.txt", "folder"):
        line = refused("diagnose", "-f", str(tmp_path / name), code=1)
        assert str(tmp_path / name) in line
        assert "; " in line


@pytest.mark.parametrize("words", [("get", "claims"), ("events",), ("snapshot", "-o", "-")], ids=str)
def test_every_command_that_reads_files_refuses_half_of_one(words: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "half.json").write_text(GOOD[:30])
    assert "half.json: cannot be read to its end" in refused(*words, "-f", str(tmp_path / "half.json"), code=1)


def test_one_bad_file_among_good_ones_is_an_error() -> None:
    assert "absent.json" in refused("diagnose", "-o", "json", "-f", V1, "-f", "absent.json", code=1)


def test_an_empty_stdin_is_no_dump() -> None:
    assert "standard input: is empty" in refused("diagnose", "-f", "-", code=1)


@pytest.mark.parametrize(
    "words", [("diagnose", "claim/nope"), ("get", "claim", "nope"), ("events", "claim/nope")], ids=str
)
def test_an_unknown_name_is_exit_1(words: tuple[str, ...]) -> None:
    line = refused(*words, "-f", V1, "-o", "json", code=1)
    assert 'bucketclaim "nope" not found; cosictl get claims -A lists what there is' in line


def test_a_name_of_another_namespace_is_pointed_out() -> None:
    line = refused("diagnose", "claim/recovers", "-n", "team-b", "-f", V1, code=1)
    assert 'bucketclaim "recovers" not found in namespace team-b; one is in team-a; give -n NAMESPACE' in line


def test_an_unknown_term_is_exit_1_with_suggestions() -> None:
    assert "did you mean" in refused("explain", "COSI99", code=1)
    assert "cosictl explain lists all" in refused("explain", "qwertzuiop", code=1)


def test_there_is_no_cluster() -> None:
    assert "set KUBECONFIG or --kubeconfig, or diagnose a dump with -f" in refused("diagnose", code=1)


@pytest.mark.parametrize("content", ["", "][", "apiVersion: v1\nkind: Config\n", "\x00\x01"], ids=repr)
def test_a_broken_kubeconfig_is_exit_1(content: str, tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(content)
    assert str(path) in refused("--kubeconfig", str(path), "get", "claims", code=1)


def test_an_absent_kubeconfig_is_exit_1(tmp_path: Path) -> None:
    assert "does not exist" in refused("get", "claims", "--kubeconfig", str(tmp_path / "absent"), code=1)


@pytest.mark.parametrize("option", ["--context", "--cluster"])
def test_an_unknown_context_or_cluster_is_exit_1(option: str, tmp_path: Path) -> None:
    with ApiServer() as server:
        config = server.kubeconfig(tmp_path)
        line = refused("diagnose", "--kubeconfig", str(config), option, "nope", code=1)
    assert "nope" in line


def test_an_unreachable_server_is_exit_1(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with ApiServer() as server:
            config = server.kubeconfig(tmp_path)
        assert url in refused("diagnose", "--kubeconfig", str(config), "-s", url, code=1)


def test_an_expired_token_is_exit_1(tmp_path: Path) -> None:
    with ApiServer(token="new") as server:
        line = refused("diagnose", "--kubeconfig", str(server.kubeconfig(tmp_path, token="old")), "-o", "json", code=1)
    assert "missing, wrong or expired" in line


def test_a_cluster_without_cosi_is_exit_1(tmp_path: Path) -> None:
    with ApiServer(versions=()) as server:
        line = refused("diagnose", "--kubeconfig", str(server.kubeconfig(tmp_path)), code=1)
    assert "has no COSI resources" in line


def test_a_refused_list_is_not_an_empty_one(tmp_path: Path) -> None:
    with ApiServer(forbidden={"bucketclaims", "bucketclaims@team-a"}) as server:
        config = str(server.kubeconfig(tmp_path))
        assert "forbidden" in refused("get", "claims", "--kubeconfig", config, code=1)
        assert "forbidden" in refused("get", "claims", "-A", "-o", "json", "--kubeconfig", config, code=1)


def test_refused_events_are_not_no_events(tmp_path: Path) -> None:
    with ApiServer(forbidden={"events", "events@default", "events@team-a"}) as server:
        line = refused("events", "--kubeconfig", str(server.kubeconfig(tmp_path)), code=1)
    assert "events could not be read: events is forbidden" in line


def test_a_list_that_lacks_something_says_so(tmp_path: Path) -> None:
    with ApiServer(forbidden={"pods", "pods@team-a"}) as server:
        done = cosictl("get", "claims", "-o", "json", "--kubeconfig", str(server.kubeconfig(tmp_path)))
    assert (done.returncode, json.loads(done.stdout)["items"]) == (0, [])
    assert "not read: pods (forbidden)" in one_line(done.stderr)


def test_a_bad_line_is_named_and_stdout_still_parses() -> None:
    line = refused("classify", "--input", "jsonl", "-o", "json", code=1, stdin='{"text": "a"}\nnot json\n')
    assert "standard input, line 2: is no JSON" in line
    assert "line 1: is no JSON object with a text" in refused("classify", "--input", "jsonl", code=1, stdin='{"id": 1}')


def test_messages_of_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert "cannot be read: No such file" in refused("classify", "-f", str(tmp_path / "absent"), code=1)
    assert "is empty" in refused("classify", "-f", str(tmp_path / "empty"), code=1)
    assert "cannot be read: Is a directory" in refused("classify", "-f", str(tmp_path), code=1)


def test_hostile_and_secret_words_are_not_echoed() -> None:
    line = refused("explain", "\x1b[2Jred\u202e password=hunter2hunter2", code=1)
    assert "\x1b" not in line
    assert "\u202e" not in line
    assert "hunter2" not in line
