"""The README: its example is real output, its two commands work, and every other command in it runs."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
import yaml

from tests.apiserver import NOON, ApiServer
from tests.cli_process import ROOT, environment, in_terminal, needs_socat
from tests.live_sandbox import live

README: Final = ROOT / "README.md"
CASE: Final = ROOT / "tests" / "golden" / "c06-name-never-valid" / "input"
EXAMPLE: Final = re.compile(r"(<!-- example: (?P<command>.*) -->\n```console\n\$ )(?P<shown>.*?)(```)", re.DOTALL)
CONSOLE: Final = re.compile(r"```console\n(.*?)```", re.DOTALL)
# The doors of the Makefile have tests of their own, and installing needs the network.
ELSEWHERE: Final = ("make ", "pip ")
SHIM: Final = f"""#!/bin/sh
exec {shlex.quote(sys.executable)} -m cosictl "$@"
"""
# Stands for kubectl: it hands on to the plugin, and prints what a cluster holds.
KUBECTL: Final = """#!/bin/sh
case "$1" in
    cosi) shift; exec kubectl-cosi "$@" ;;
    get) cat must-gather/buckets.yaml ;;
    logs) echo 'failed to create bucket: rpc error: code = Unavailable desc = try later' ;;
esac
"""


def commands() -> Iterator[str]:
    """Every line of the README that a reader would type, without its comment and without the example."""
    for block in CONSOLE.findall(EXAMPLE.sub("", README.read_text())):
        for line in block.splitlines():
            command = line.removeprefix("$ ").split("  #")[0].split("    #")[0].strip()
            if not command.startswith(ELSEWHERE):
                yield command


def is_probe(command: str) -> bool:
    """Whether a command talks to a driver."""
    return " probe-driver " in command


def test_the_example_is_what_the_program_prints(request: pytest.FixtureRequest) -> None:
    text = README.read_text()
    example = EXAMPLE.search(text)
    assert example is not None
    words = shlex.split(example["command"])
    assert words[0] == "cosictl"
    _, output = in_terminal(*words[1:], columns=100, env={"NO_COLOR": "1"}, cwd=ROOT)
    shown = f"{example['command']}\n{output}"
    if request.config.getoption("--update-golden"):
        text = text[: example.start("shown")] + shown + text[example.end("shown") :]
        README.write_text(text)
    assert f"$ {shown}```" in text


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder to type in: the commands on the path, and what a customer sent."""
    shutil.copytree(CASE, tmp_path / "must-gather")
    (tmp_path / "bin").mkdir()
    for name, script in (("cosictl", SHIM), ("kubectl-cosi", SHIM), ("kubectl", KUBECTL)):
        path = tmp_path / "bin" / name
        path.write_text(script)
        path.chmod(0o755)
    return tmp_path


@pytest.mark.parametrize("command", [command for command in commands() if not is_probe(command)])
def test_a_command_of_the_readme_runs(command: str, folder: Path) -> None:
    objects = [item for path in sorted(CASE.glob("*.yaml")) for item in yaml.safe_load(path.read_text())["items"]]
    with ApiServer(objects, at=NOON) as server:
        env = environment(
            {
                "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
                "KUBECONFIG": str(server.kubeconfig(folder)),
            }
        )
        done = subprocess.run(
            ["sh", "-c", command], cwd=folder, env=env, capture_output=True, text=True, timeout=60, check=False
        )
    assert done.returncode in {0, 3, 5}, done.stderr
    assert done.stdout
    assert "Traceback" not in done.stderr


@needs_socat
def test_the_commands_that_ask_a_driver_run(folder: Path) -> None:
    asked = [command for command in commands() if is_probe(command)]
    assert len(asked) > 3
    with live(folder, "cosi-86") as sandbox:
        env = environment(
            {
                "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
                "KUBECONFIG": str(sandbox.kubeconfig),
                "XDG_STATE_HOME": str(folder),
            }
        )
        for command in asked:
            # Nobody is here to answer a question.
            words = f"{command} --yes" if "reproduce" in command or "check" in command else command
            done = subprocess.run(
                ["sh", "-c", words], cwd=folder, env=env, capture_output=True, text=True, timeout=60, check=False
            )
            assert done.returncode == (67 if "reproduce" in command else 0), done.stderr
            assert done.stdout


def test_the_first_door_diagnoses_the_recording(tmp_path: Path) -> None:
    """Without the installation, which needs the network: the environment is there and newer than the project."""
    (tmp_path / "bin").mkdir()
    python = tmp_path / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
    python.chmod(0o755)
    (tmp_path / ".installed").touch()
    done = subprocess.run(
        ["make", "demo", f"VENV={tmp_path}", f"PYTHON={sys.executable}"],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "COSI106" in done.stdout
    assert "Next:" in done.stdout


def test_the_second_door_checks_everything(tmp_path: Path) -> None:
    dry = ["make", "--dry-run", "test", f"VENV={tmp_path / 'none-yet'}"]
    planned = subprocess.run(dry, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for step in ("pip install", "ruff check", "ruff format --check", "mypy", "pytest"):
        assert step in planned


def test_the_demo_is_the_recording_the_tests_are_made_with() -> None:
    ours, theirs = ROOT / "cosictl" / "demo" / "v1alpha1", ROOT / "tests" / "recorded" / "v1alpha1"
    for path in ours.iterdir():
        assert path.read_bytes() == (theirs / path.name).read_bytes(), path.name
