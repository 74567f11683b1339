"""Completion: the scripts that ship, what they offer, and how they behave in a shell."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from cosictl.cli.completion_names import FILE_NAMES
from cosictl.cli.completion_scripts import Shell
from cosictl.cli.types import Resource
from tests.apiserver import ApiServer, Object
from tests.cli_process import ROOT, cosictl, environment

CLAIMS: Final[list[Object]] = [
    {
        "apiVersion": "objectstorage.k8s.io/v1alpha1",
        "kind": "BucketClaim",
        "metadata": {"name": name, "namespace": namespace, "uid": f"{namespace}-{name}"},
        "spec": {"bucketClassName": "c", "protocols": ["S3"]},
    }
    for name, namespace in (("photos", "team-a"), ("photos-2", "team-a"), ("logs", "team-b"))
]


def offered(*words: str) -> list[str]:
    """What the program offers for a line that ends in the last word."""
    line = "\n".join(["cosictl", *words])
    env = {"COMP_WORDS": line, "COMP_CWORD": str(len(words)), "_COSICTL_COMPLETE": "complete_bash"}
    done = cosictl(env=env)
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize("shell", Shell)
def test_the_files_are_what_the_program_prints(shell: Shell) -> None:
    file = ROOT / "completions" / FILE_NAMES[shell]
    assert file.read_text() == cosictl("completion", shell.value).stdout
    assert os.access(file, os.X_OK) is (shell is Shell.KUBECTL)


def test_no_other_file_is_among_them() -> None:
    assert {path.name for path in (ROOT / "completions").iterdir()} == set(FILE_NAMES.values())


@pytest.mark.parametrize("shell", Shell)
def test_the_file_names_can_be_asked_for(shell: Shell) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cosictl.cli.completion_names", shell.value],
        capture_output=True,
        text=True,
        env=environment(),
        check=True,
    )
    assert done.stdout == f"{FILE_NAMES[shell]}\n"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["di"], ["diagnose"]),
        (["-n", "team-a", "sna"], ["snapshot"]),
        (["get", "b"], ["buckets"]),
        (["diagnose", "--assume-sidecar", "v0"], ["v0.2.1", "v0.2.2"]),
        (["diagnose", "--finding", "COSI90"], ["COSI901", "COSI902", "COSI903", "COSI904"]),
        (["diagnose", "cl"], ["claim/", "class/"]),
        (["report", "d"], ["diff", "driver/"]),
        (["report", "diff", "--al"], ["--all", "--all-namespaces"]),
        (["get", "claims", "--outlook", "looping,pa"], ["looping,parked"]),
        (["explain", "InvalidArg"], ["InvalidArgument"]),
        (["get", "claims", "--req"], ["--request-timeout"]),
        (["completion", "z"], ["zsh"]),
        (["get", "claims", "--color", "al"], ["always"]),
    ],
    ids=" ".join,
)
def test_words_are_completed(words: list[str], expected: list[str]) -> None:
    assert offered(*words) == expected


def test_names_come_from_the_cluster(tmp_path: Path) -> None:
    with ApiServer(CLAIMS) as server:
        config = str(server.kubeconfig(tmp_path, namespace="team-a"))
        assert offered("--kubeconfig", config, "get", "claims", "ph") == ["photos", "photos-2"]
        assert offered("get", "claims", "--kubeconfig", config, "-n", "team-b", "") == ["logs"]
        assert offered("diagnose", "--kubeconfig", config, "-A", "bc/") == ["bc/logs", "bc/photos", "bc/photos-2"]
        assert offered("events", "--kubeconfig", config, "claim/photos-") == ["claim/photos-2"]


def test_a_cluster_that_does_not_answer_is_no_message(tmp_path: Path) -> None:
    with ApiServer(CLAIMS) as server:
        config = str(server.kubeconfig(tmp_path))
    assert offered("--kubeconfig", config, "get", "claims", "") == []
    with ApiServer(CLAIMS, token="right-one") as server:
        config = str(server.kubeconfig(tmp_path, token="wrong"))
        assert offered("--kubeconfig", config, "get", "claims", "") == []
    (tmp_path / "broken").write_text("][")
    assert offered("--kubeconfig", str(tmp_path / "broken"), "get", "claims", "") == []
    assert offered("get", "nonsense", "") == []
    assert offered("diagnose", "nonsense/") == []


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> str:
    """A PATH on which both scripts stand first, made as an installer makes them."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("cosictl", "kubectl-cosi"):
        script = folder / name
        script.write_text(f"#!{sys.executable}\nimport sys\nfrom cosictl.__main__ import main\nsys.exit(main())\n")
        script.chmod(0o755)
    shutil.copy(ROOT / "completions" / "kubectl_complete-cosi", folder)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def in_bash(path: str, *words: str) -> list[str]:
    """What bash offers after sourcing the script, with the cursor at the last word."""
    program = (
        f"source {ROOT}/completions/cosictl.bash\n"
        'COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))\n'
        'compopt() { echo "compopt $*"; }\n'
        '_cosictl_completion "$1" "${@: -1}"\n'
        "printf '%s\\n' \"${COMPREPLY[@]}\"\n"
    )
    done = subprocess.run(
        ["bash", "-c", program, "bash", *words],
        capture_output=True,
        text=True,
        env=environment({"PATH": path}),
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_bash_completes(path: str) -> None:
    assert in_bash(path, "cosictl", "cl") == ["classify", "cleanup"]
    assert in_bash(path, "kubectl-cosi", "get", "cl") == ["claims", "classes"]
    assert in_bash(path, "cosictl", "get", "") == [resource.value for resource in Resource]
    assert in_bash(path, "cosictl", "diagnose", "dr") == ["compopt -o nospace", "driver/"]
    assert in_bash(path, "cosictl", "diagnose", "-f", "") == [""]


def plugin(path: str, *words: str, env: dict[str, str] | None = None) -> list[str]:
    """What the completion of the kubectl plugin answers; the last word is the one at the cursor."""
    done = subprocess.run(
        ["kubectl_complete-cosi", *words],
        capture_output=True,
        text=True,
        env=environment({"PATH": path, **(env or {})}),
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_the_kubectl_file_speaks_kubectls_protocol(path: str, tmp_path: Path) -> None:
    assert plugin(path, "dia") == ["diagnose", ":4"]
    assert plugin(path, "diagnose", "dr") == ["driver/", ":6"]
    assert plugin(path, "get", "nonsense", "") == [":4"]
    assert plugin(path, "diagnose", "-f", "") == [":0"]
    assert "get" in plugin(path, "")
    with ApiServer(CLAIMS) as server:
        env = {"KUBECONFIG": str(server.kubeconfig(tmp_path))}
        assert plugin(path, "get", "claims", "ph", env=env) == ["photos", "photos-2", ":4"]


def kubectl(path: str, *words: str) -> subprocess.CompletedProcess[str]:
    if shutil.which("kubectl") is None:
        pytest.skip("there is no kubectl here")
    return subprocess.run(
        ["kubectl", *words], capture_output=True, text=True, env=environment({"PATH": path}), check=False
    )


def test_kubectl_finds_the_plugin(path: str) -> None:
    done = kubectl(path, "cosi", "version")
    assert (done.returncode, done.stdout.startswith("cosictl ")) == (0, True)
    assert kubectl(path, "cosi", "diagnose", "--help").stdout.startswith("Usage: kubectl cosi diagnose ")
    wrong = kubectl(path, "cosi", "explain", "qwertz")
    assert wrong.returncode == 1
    assert wrong.stderr == 'kubectl cosi: nothing is known as "qwertz"; kubectl cosi explain lists all\n'
    assert "kubectl cosi explain COSI" in kubectl(path, "cosi", "diagnose", "-f", str(ROOT / "cosictl/demo")).stdout


def test_kubectl_completes_the_plugin(path: str) -> None:
    done = kubectl(path, "__complete", "cosi", "dia")
    assert done.stdout.splitlines()[:2] == ["diagnose", ":4"]
