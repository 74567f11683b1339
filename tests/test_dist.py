"""What ``make dist`` builds: installed into empty environments and used there, away from the sources.

One build serves all tests of this file. The packages below it come from the index that pip is configured with.
"""

import hashlib
import json
import os
import re
import shutil
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest
import yaml

from cosictl import __version__
from release.__main__ import build_packages
from release.source import copy_source, epoch
from tests.cli_process import ROOT
from tests.cli_process import away as run
from tests.krew_rules import check_archive, check_manifest

DEMO: Final = ROOT / "cosictl" / "demo" / "v1alpha1"
PYTHON: Final = f"{sys.version_info[0]}{sys.version_info[1]}"
PLATFORM: Final = f"{sys.platform}-{os.uname().machine}-cp{PYTHON}"
ADDRESS: Final = "https://files.example.com/cosictl"


@pytest.fixture(name="dist", scope="module")
def _dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``make dist`` puts into its folder."""
    folder = tmp_path_factory.mktemp("dist")
    (folder / "left-over").touch()
    code, out, err = run(
        sys.executable, "-m", "release", "--target", folder, "--address", ADDRESS, env={"CI": "true"}, cwd=ROOT
    )
    assert (code, out) == (0, ""), err
    assert err in {"", "release: uncommitted changes are in it: only the files of a commit give the same bytes again\n"}
    return folder


@pytest.fixture(name="environment", scope="module")
def _environment(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with nothing in it but the wheel and what that asked for."""
    folder = tmp_path_factory.mktemp("environment")
    assert run(sys.executable, "-m", "venv", folder)[0] == 0
    pip = (folder / "bin" / "python", "-m", "pip", "--disable-pip-version-check")
    code, _, err = run(*pip, "install", "--quiet", "--no-compile", wheel_of(dist))
    assert code == 0, err
    assert run(*pip, "check")[0] == 0
    return folder


@pytest.fixture(name="home", scope="module")
def _home(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A home that keeps what was unpacked, and a folder for temporary files."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "tmp").mkdir()
    return {"HOME": str(folder), "TMPDIR": str(folder / "tmp")}


def wheel_of(dist: Path) -> Path:
    return dist / f"cosictl-{__version__}-py3-none-any.whl"


def archive_of(dist: Path) -> Path:
    return dist / f"cosictl-{__version__}-{PLATFORM}.pyz"


def plugin_of(dist: Path) -> Path:
    return dist / f"kubectl-cosi-{__version__}-{PLATFORM}.tar.gz"


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_files_are_there_and_have_their_checksums(dist: Path) -> None:
    names = {path.name for path in dist.iterdir()}
    packages = {wheel_of(dist).name, f"cosictl-{__version__}.tar.gz", archive_of(dist).name, plugin_of(dist).name}
    assert names == {*packages, "cosi.yaml", "SHA256SUMS"}
    code, out, err = run("sha256sum", "--check", "--strict", "SHA256SUMS", cwd=dist)
    assert (code, err) == (0, "")
    assert {line.removesuffix(": OK") for line in out.splitlines()} == names - {"SHA256SUMS"}


def test_the_same_files_give_the_same_bytes(dist: Path, tmp_path: Path) -> None:
    """Wheel and sdist, built again from another folder, under another umask and with other times."""
    tree, target = tmp_path / "elsewhere", tmp_path / "target"
    target.mkdir()
    before = os.umask(0o077)
    try:
        copy_source(tree)
        build_packages(tree, target, epoch())
    finally:
        os.umask(before)
    for again in target.iterdir():
        # By their sums: what differs in two archives is nothing to read.
        assert digest(again) == digest(dist / again.name), again.name


def test_the_source_distribution_has_what_a_packager_needs(dist: Path) -> None:
    with tarfile.open(dist / f"cosictl-{__version__}.tar.gz") as packed:
        names = {name.partition("/")[2] for name in packed.getnames()}
    wanted = {"LICENSE", "CHANGELOG.md", "Makefile", "Containerfile", "completions/_cosictl", "docs/install.md"}
    assert wanted | {path.relative_to(ROOT).as_posix() for path in (ROOT / "man").glob("*.1")} <= names
    assert [name for name in names if re.search(r"__pycache__|\.venv|\.git/", name)] == []


def test_the_wheel_puts_its_files_where_shells_and_man_look(environment: Path) -> None:
    share = environment / "share"
    placed = {
        "completions/cosictl.bash": share / "bash-completion" / "completions" / "cosictl.bash",
        "completions/_cosictl": share / "zsh" / "site-functions" / "_cosictl",
        "completions/cosictl.fish": share / "fish" / "vendor_completions.d" / "cosictl.fish",
        "completions/kubectl_complete-cosi": environment / "bin" / "kubectl_complete-cosi",
    }
    placed |= {f"man/{page.name}": share / "man" / "man1" / page.name for page in (ROOT / "man").glob("*.1")}
    for name, path in placed.items():
        assert path.read_bytes() == (ROOT / name).read_bytes(), name
    assert os.access(environment / "bin" / "kubectl_complete-cosi", os.X_OK)


def used(program: Path, env: Mapping[str, str]) -> None:
    """Use a program as somebody does who just installed it."""
    assert run(program, "--version", env=env) == (0, f"cosictl {__version__}\n", "")
    code, out, _ = run(program, "explain", "COSI106", env=env)
    assert (code, out.startswith("COSI106 ")) == (0, True)
    code, out, err = run(program, "diagnose", "-f", DEMO, env=env)
    assert (code, err) == (3, "")
    assert "COSI106" in out
    asked = {"COMP_WORDS": "cosictl\ndiag", "COMP_CWORD": "1", "_COSICTL_COMPLETE": "complete_bash"}
    assert run(program, env={**env, **asked}) == (0, "diagnose\n", "")
    code, out, err = run(program, "probe-driver", "info", "--endpoint", "/none.sock", env=env)
    assert (code, out) == (1, "")
    assert "/none.sock" in err


def test_the_wheel_is_used(environment: Path, home: dict[str, str]) -> None:
    used(environment / "bin" / "cosictl", home)
    code, out, _ = run(environment / "bin" / "kubectl-cosi", "diagnose", "--help", env=home)
    assert (code, out.startswith("Usage: kubectl cosi diagnose ")) == (0, True)
    facts = json.loads(run(environment / "bin" / "cosictl", "version", "-o", "json", env=home)[1])
    assert facts["installed"].startswith(f"package in {environment.resolve()}")


def test_the_archive_is_used(dist: Path, home: dict[str, str]) -> None:
    used(archive_of(dist), home)
    unpacked = list(Path(home["HOME"], ".cache", "cosictl").iterdir())
    assert len(unpacked) == 1
    facts = json.loads(run(archive_of(dist), "version", "-o", "json", env=home)[1])
    assert facts["installed"] == f"single-file archive {archive_of(dist).name}, unpacked in {unpacked[0]}"
    assert unpacked[0].stat().st_mode & 0o077 == 0
    assert list(Path(home["TMPDIR"]).iterdir()) == []


def test_the_archive_is_unpacked_once(dist: Path, home: dict[str, str]) -> None:
    assert run(archive_of(dist), "--version", env=home)[0] == 0
    file = next(Path(home["HOME"], ".cache", "cosictl").glob("*/cosictl/__init__.py"))
    before = file.read_text()
    file.write_text('__version__ = "from the cache"\n')
    code, out, _ = run(archive_of(dist), "--version", env=home)
    file.write_text(before)
    assert (code, out) == (0, "cosictl from the cache\n")


def test_the_archive_is_the_plugin_by_another_name(dist: Path, home: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "kubectl-cosi").symlink_to(archive_of(dist))
    code, out, err = run(tmp_path / "kubectl-cosi", "explain", "qwertz", env=home)
    assert (code, out) == (1, "")
    assert err.startswith("kubectl cosi: ")
    if shutil.which("kubectl"):
        path = {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
        assert run("kubectl", "cosi", "version", env={**home, **path})[1].startswith(f"cosictl {__version__}\n")


def test_the_plugin_can_be_installed_by_krew(dist: Path, home: dict[str, str], tmp_path: Path) -> None:
    manifest = yaml.safe_load((dist / "cosi.yaml").read_text())
    assert list(check_manifest("cosi.yaml", manifest)) == []
    platform = manifest["spec"]["platforms"][0]
    content = plugin_of(dist).read_bytes()
    assert platform["uri"] == f"{ADDRESS}/v{__version__}/{plugin_of(dist).name}"
    assert platform["sha256"] == hashlib.sha256(content).hexdigest()
    with tarfile.open(plugin_of(dist)) as packed:
        members = {member.name: member.mode for member in packed.getmembers()}
        packed.extractall(tmp_path / "store", filter="data")
    assert list(check_archive(content, members, platform["bin"])) == []
    # As krew does it: a link by the plugin's name to bin.
    link = tmp_path / f"kubectl-{manifest['metadata']['name']}"
    link.symlink_to(tmp_path / "store" / platform["bin"])
    assert run(link, "--version", env=home) == (0, f"cosictl {__version__}\n", "")


def test_an_address_that_krew_does_not_take_is_refused(tmp_path: Path) -> None:
    code, _, err = run(sys.executable, "-m", "release", "--target", tmp_path, "--address", "http://x", cwd=ROOT)
    assert code == 2
    assert err.splitlines()[-1].endswith("--address: krew takes plugins from https addresses")
