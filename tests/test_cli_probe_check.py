"""``probe-driver check`` as its users run it, interrupted too."""

import json
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

import pytest

from tests.cli_process import COMMAND, cosictl, environment, needs_socat, one_line
from tests.drivers import FAULTS, Wrapped, correct, serving
from tests.live_sandbox import live

PROBE: Final = "probe-driver"


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[Path]:
    with serving(tmp_path, correct()) as path:
        yield path


def test_the_check_as_its_users_see_it(driver: Path, tmp_path: Path) -> None:
    state = {"XDG_STATE_HOME": str(tmp_path / "state")}
    words = ("check", "--endpoint", str(driver), "--no-cluster", "--api", "v1alpha1")
    refused = cosictl(PROBE, *words, env=state)
    assert (refused.returncode, refused.stdout) == (4, "")
    passed = cosictl(PROBE, *words, "--yes", env=state)
    assert passed.returncode == 0
    assert passed.stdout.splitlines()[-1] == "Left behind: nothing."
    assert list((tmp_path / "state").rglob("*.jsonl")) == []
    document = json.loads(cosictl(PROBE, *words, "--yes", "-o", "json", "--focus", "^name", env=state).stdout)
    assert (document["passed"], len(document["checks"][0]["cases"])) == (True, 5)
    tree = ElementTree.fromstring(cosictl(PROBE, *words, "--yes", "-o", "junit", env=state).stdout)
    assert tree[0].attrib["failures"] == "0"
    listed = cosictl(PROBE, "check", "--list")
    assert listed.stdout.startswith("info ")


def test_a_check_that_fails_says_what_is_asked_for(tmp_path: Path) -> None:
    with serving(tmp_path, FAULTS["wrong-codes"]()) as path:
        told = cosictl(
            *(PROBE, "check", "--endpoint", str(path), "--no-cluster", "--yes", "--api", "v1alpha1"),
            *("--focus", "^delete-nothing$"),
            env={"XDG_STATE_HOME": str(tmp_path / "state")},
        )
    assert told.returncode == 1
    assert "deleting a bucket that never was gave NotFound: no such bucket" in told.stdout
    assert "asks for        Deleting a bucket that is not there gives OK." in told.stdout
    assert "in a cluster    A bucket that was removed by hand holds its claim for ever (COSI301)." in told.stdout
    assert told.stderr.splitlines()[-1] == "cosictl: 1 case failed"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_check_cleans_up(number: signal.Signals, tmp_path: Path) -> None:
    slow = Wrapped()
    slow.inner = correct()
    with serving(tmp_path, slow) as path:
        env = environment({"XDG_STATE_HOME": str(tmp_path / "state")})
        command = [*COMMAND, PROBE, "check", "--endpoint", str(path), "--no-cluster", "--yes", "--repeat", "1000"]
        with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
            for _ in range(2000):
                if slow.inner.buckets:
                    break
                time.sleep(0.01)
            running.send_signal(number)
            try:
                assert running.wait(30) == 130
            finally:
                running.kill()
    assert slow.inner.buckets == {}
    assert list((tmp_path / "state").rglob("*.jsonl")) == []


def test_what_was_kept_is_cleaned_up_later(tmp_path: Path) -> None:
    state = {"XDG_STATE_HOME": str(tmp_path / "state")}
    inner = correct()
    with serving(tmp_path, inner) as path:
        words = ("--endpoint", str(path), "--no-cluster", "--api", "v1alpha1")
        kept = cosictl(PROBE, "check", *words, "--yes", "--keep", "--focus", "^(create|grant)$", env=state)
        assert inner.buckets
        prefix = re.search(r"--clean-up-only (\S+) removes it", kept.stdout)
        assert prefix is not None
        assert all(name.startswith(prefix[1]) for name in inner.buckets)
        gone = cosictl(PROBE, "check", *words, "--clean-up-only", prefix[1], env=state)
        assert (gone.returncode, gone.stderr.splitlines()[-1]) == (0, "cosictl: removed 3 of 3")
        again = cosictl(PROBE, "check", *words, "--clean-up-only", prefix[1], env=state)
        assert (again.returncode, "there is no register" in again.stderr) == (1, True)
    assert (inner.buckets, inner.accounts) == ({}, {})


@needs_socat
def test_the_driver_is_found_by_its_name(tmp_path: Path) -> None:
    with live(tmp_path, "healthy") as sandbox:
        base = ("--kubeconfig", str(sandbox.kubeconfig))
        found = cosictl(PROBE, "info", "--driver", "cosi.example.com", *base, "-o", "json")
        other = cosictl(PROBE, "info", "--driver", "other.example.com", *base)
    assert json.loads(found.stdout)["name"] == "cosi.example.com"
    assert json.loads(found.stdout)["endpoint"].startswith("cosi-driver/cosi-example-com-0:/var/lib/cosi/cosi.sock")
    assert other.returncode == 4
    assert "is cosi.example.com, not other.example.com" in one_line(other.stderr)
