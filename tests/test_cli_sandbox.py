"""``cosictl sandbox``: started, used by others, stopped."""

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli_process import COMMAND, TIMEOUT_SECONDS, V1, cosictl, environment, one_line

FAST = ("--speed", "60")


# Diagnoses until a code is told, at most so often: on a busy machine a loop may have made too few rounds at first.
PATIENTLY = """import subprocess, sys
for _ in range(40):
    found = subprocess.run(sys.argv[2:], capture_output=True, text=True)
    if sys.argv[1] in found.stdout:
        break
print(found.stdout)
"""


def diagnosed(*options: str, awaited: str = "") -> dict[str, Any]:
    diagnose = [sys.executable, "-c", PATIENTLY, awaited, *COMMAND, "diagnose", "-o", "json"]
    done = cosictl("sandbox", "exec", *FAST, *options, "--", *diagnose)
    told = ("left in the backend: ", "changed: ", "created: ", "deleted: ", "  ")
    assert all(line.startswith(told) for line in done.stderr.splitlines()), done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def codes(document: dict[str, Any]) -> set[str]:
    return {finding["code"] for finding in document["findings"]}


# What a live diagnosis of every story must find, and must not.
STORIES = [
    ("cosi-86", {"COSI106"}, {"COSI104", "COSI201"}),
    ("deletion", {"COSI301"}, {"COSI306"}),
    ("handoff", {"COSI201"}, {"COSI106"}),
    ("access", {"COSI401", "COSI402", "COSI404", "COSI405", "COSI104"}, {"COSI406"}),
    ("mixed-api", {"COSI502", "COSI503"}, {"COSI104"}),
    ("crash", {"COSI406"}, {"COSI405"}),
    ("healthy", set(), {"COSI104", "COSI107", "COSI201"}),
    ("empty", set(), {"COSI110"}),
]


@pytest.mark.parametrize(("story", "found", "spared"), STORIES, ids=[row[0] for row in STORIES])
def test_a_story_is_diagnosed_live(story: str, found: set[str], spared: set[str]) -> None:
    document = diagnosed("--scenario", story, awaited=max(found, default=""))
    assert found <= codes(document)
    assert not spared & codes(document)
    assert document["takenAtBasis"] == "the API server's clock"


def test_a_foreign_sidecar_finishes_a_deletion_that_its_own_driver_refuses() -> None:
    document = diagnosed("--scenario", "two-drivers")
    assert "ledger" not in {item["name"] for item in document["objects"]}


def test_a_copy_of_a_cluster_shows_what_the_cluster_showed() -> None:
    copied = diagnosed("--from", V1)
    recorded = json.loads(cosictl("diagnose", "-f", V1, "-o", "json").stdout)
    roots = {(finding["code"], finding["root"]["name"]) for finding in recorded["findings"]}
    assert roots <= {(finding["code"], finding["root"]["name"]) for finding in copied["findings"]}
    uids = {item["uid"] for item in recorded["objects"]}
    assert uids == {item["uid"] for item in copied["objects"]}


@pytest.mark.parametrize("words", [(*FAST, "exec"), ("exec", *FAST)], ids=["before", "after"])
def test_options_stand_before_and_after_exec(words: tuple[str, ...]) -> None:
    script = "import os; print(os.environ['KUBECONFIG'], os.environ['COSI_ENDPOINT']); raise SystemExit(7)"
    done = cosictl("sandbox", "--scenario", "healthy", *words, "--", sys.executable, "-c", script)
    assert done.returncode == 7
    kubeconfig, endpoint = done.stdout.split()
    assert endpoint.startswith("unix:///")
    assert not Path(kubeconfig).exists(), "nothing is left behind"


def test_a_change_is_shown_at_the_end() -> None:
    change = "cosictl-sandbox-test"
    script = (
        "from kubernetes import client, config\n"
        "config.load_kube_config()\n"
        f"body = {{'metadata': {{'labels': {{'mark': '{change}'}}}}}}\n"
        "api = client.CustomObjectsApi()\n"
        "api.patch_cluster_custom_object('objectstorage.k8s.io', 'v1alpha1', 'bucketclasses', 'standard', body)\n"
    )
    done = cosictl("sandbox", "exec", *FAST, "--scenario", "healthy", "--", sys.executable, "-c", script)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == [
        "changed: BucketClass standard",
        f'    metadata.labels: (absent) -> {{"mark": "{change}"}}',
    ]


def test_it_runs_until_it_is_interrupted() -> None:
    process = subprocess.Popen(
        [*COMMAND, "sandbox", *FAST], env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        exports = dict(process.stdout.readline().removeprefix("export ").strip().split("=", 1) for _ in range(2))
        found = cosictl("get", "claims", "-A", "--no-headers", env={"KUBECONFIG": exports["KUBECONFIG"]})
        assert found.returncode == 0, found.stderr
        assert Path(exports["COSI_ENDPOINT"].removeprefix("unix://")).is_socket()
        process.send_signal(signal.SIGINT)
        assert process.wait(TIMEOUT_SECONDS) == 0
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()
        assert not Path(exports["KUBECONFIG"]).exists()
    finally:
        process.kill()
        process.communicate()


def test_a_command_that_is_not_there_is_127() -> None:
    done = cosictl("sandbox", "exec", *FAST, "--scenario", "empty", "--", "no-such-command")
    assert done.returncode == 127
    assert "no-such-command" in one_line(done.stderr)


BAD = [
    (("--scenario", "nope"), "unknown scenario", 2),
    (("--sidecar", "v9"), "unknown sidecar policy", 2),
    (("--fault", "moon"), "--fault", 2),
    (("--speed", "0"), "time only runs forwards", 2),
    (("--scenario", "healthy", "--from", V1), "exclude each other", 2),
    (("--from", "/no/such/dump"), "/no/such/dump", 1),
    (("--from", V1, "--sidecar", "main-2026-03"), "holds none of its objects", 2),
    (("run",), "unknown word", 2),
    (("exec",), "exec needs a command", 2),
]


@pytest.mark.parametrize(("words", "said", "code"), BAD, ids=[" ".join(row[0])[:30] for row in BAD])
def test_what_cannot_be_is_said_in_one_line(words: tuple[str, ...], said: str, code: int) -> None:
    done = cosictl("sandbox", *words)
    assert done.returncode == code
    assert said in one_line(done.stderr)
    assert done.stdout == ""


def test_a_port_in_use_is_said_in_one_line() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        done = cosictl("sandbox", "--port", str(other.getsockname()[1]), "exec", "--", "true")
    assert done.returncode == 1
    assert "in use" in one_line(done.stderr)


def test_a_second_sandbox_on_a_socket_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cosi.sock"
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()
        done = cosictl("sandbox", "--socket", str(path), "exec", "--", "true")
    assert done.returncode == 1
    assert "serves this socket already" in one_line(done.stderr)


def test_faults_reach_the_client() -> None:
    done = cosictl("sandbox", "exec", *FAST, "--fault", "403:list:events", "--", *COMMAND, "diagnose", "-o", "json")
    unread = json.loads(done.stdout)["unread"]
    assert {row["resource"] for row in unread} == {"events"}


def test_the_stories_are_listed() -> None:
    listed = cosictl("sandbox", "--list-scenarios").stdout
    assert [line.split()[0] for line in listed.splitlines()][:1] == ["cosi-86"]
    assert {row[0] for row in STORIES} <= {line.split()[0] for line in listed.splitlines()}
