"""``cosictl get -w`` against a cluster that changes while it is watched."""

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest
import yaml

from tests.apiserver import NOON, ApiServer, Object
from tests.cli_process import COMMAND, ROOT, TIMEOUT_SECONDS, V1, cosictl, environment

CASE = ROOT / "tests" / "golden" / "c06-name-never-valid" / "input"
WATCH = ("-n", "team-a", "-w", "--interval", "50ms")


def objects() -> list[Object]:
    return [item for path in sorted(CASE.glob("*.yaml")) for item in yaml.safe_load(path.read_text())["items"]]


@contextmanager
def watching(server: ApiServer, folder: Path, *words: str) -> Iterator["subprocess.Popen[str]"]:
    env = environment({"KUBECONFIG": str(server.kubeconfig(folder)), "PYTHONUNBUFFERED": "1"})
    process = subprocess.Popen(
        [*COMMAND, "get", *words, *WATCH], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def line_of(stream: IO[str] | None) -> str:
    assert stream is not None
    return stream.readline().rstrip()


def test_only_what_changed_is_printed_again(tmp_path: Path) -> None:
    with (
        ApiServer(objects(), at=NOON) as server,
        watching(server, tmp_path, "claims") as process,
    ):
        assert line_of(process.stdout).startswith("NAME")
        assert line_of(process.stdout).split()[:2] == ["photos", "waiting"]
        server.change({**next(item for item in objects() if item["kind"] == "BucketClaim"), "status": {}})
        server.drop("Bucket")
        assert line_of(process.stdout).split()[0] == "photos"
        server.drop("BucketClaim")
        assert line_of(process.stdout) == "bucketclaim.objectstorage.k8s.io/photos   gone"
        process.send_signal(signal.SIGINT)
        assert process.wait(TIMEOUT_SECONDS) == 130


def test_documents_come_one_by_one(tmp_path: Path) -> None:
    with ApiServer(objects()) as server, watching(server, tmp_path, "claims", "-o", "json") as process:
        assert process.stdout is not None
        text = ""
        while not text.endswith("}\n") or text.count("{") != text.count("}"):
            text += process.stdout.readline()
        assert json.loads(text)["metadata"]["name"] == "photos"


def test_a_failure_in_between_is_said_once_and_asked_again(tmp_path: Path) -> None:
    with ApiServer(objects()) as server:
        config = server.kubeconfig(tmp_path)
        env = environment({"KUBECONFIG": str(config)})
        process = subprocess.Popen(
            [*COMMAND, "get", "claims", *WATCH], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        try:
            assert line_of(process.stdout).startswith("NAME")
            known = dict(server.users)
            server.users.clear()
            assert "asking again" in line_of(process.stderr)
            server.users.update(known)
            server.drop("BucketClaim")
            assert line_of(process.stdout).startswith("photos")
            assert line_of(process.stdout).endswith("gone")
        finally:
            process.kill()
            process.communicate()


@pytest.mark.parametrize(
    "words", [("claims", "-w", "-f", V1), ("drivers", "-w"), ("claims", "-w", "--interval", "soon")], ids=str
)
def test_what_cannot_be_watched_is_a_usage_error(words: tuple[str, ...], tmp_path: Path) -> None:
    with ApiServer(objects()) as server:
        done = cosictl("get", *words, env={"KUBECONFIG": str(server.kubeconfig(tmp_path))})
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
