"""The manifest for krew keeps krew's rules, and each rule catches what it is for."""

import copy
from collections.abc import Callable
from typing import Any, Final

import pytest
import yaml

import cosictl
from release.krew import ARCHITECTURES, as_yaml, manifest
from tests.krew_rules import PLATFORMS, check_archive, check_manifest

Json = dict[str, Any]
MADE: Final = manifest(
    version=cosictl.__version__,
    python="cpython 3.11",
    system="linux",
    machine="x86_64",
    address="https://example.com/x.tar.gz",
    sha256="0a" * 32,
)


def test_what_is_made_keeps_every_rule() -> None:
    assert list(check_manifest("cosi.yaml", MADE)) == []


@pytest.mark.parametrize("machine", ARCHITECTURES)
def test_every_machine_is_one_that_krew_knows(machine: str) -> None:
    assert ("linux", ARCHITECTURES[machine]) in PLATFORMS


def test_the_yaml_says_the_same_and_can_be_read() -> None:
    text = as_yaml(MADE)
    assert yaml.safe_load(text) == MADE
    assert "description: |\n" in text


def spec(change: Callable[[Json], object]) -> Callable[[Json], object]:
    return lambda made: change(made["spec"])


def platform(change: Callable[[Json], object]) -> Callable[[Json], object]:
    return lambda made: change(made["spec"]["platforms"][0])


PLANTED: Final[dict[str, Callable[[Json], object]]] = {
    "apiVersion": lambda made: made.update(apiVersion="krew.googlecontainertools.github.com/v1"),
    "kind": lambda made: made.update(kind="Plugins"),
    "the file is called": lambda made: made["metadata"].update(name="cosictl"),
    "version": spec(lambda found: found.update(version="0.1.0")),
    "version is no": spec(lambda found: found.update(version="v0.1.0rc1")),
    "shortDescription is one": spec(lambda found: found.update(shortDescription="a\nb")),
    "shortDescription has": spec(lambda found: found.update(shortDescription="a " * 40)),
    "description": spec(lambda found: found.pop("description")),
    "caveats": spec(lambda found: found.update(caveats="a " * 60)),
    "fields {'homePage'}": spec(lambda found: found.update(homePage="x")),
    "at least one platform": spec(lambda found: found.update(platforms=[])),
    "two platforms": spec(lambda found: found["platforms"].append(found["platforms"][0])),
    "uri can be": platform(lambda found: found.update(uri="http://example.com/x.zip")),
    "uri is that": platform(lambda found: found.update(uri="https://example.com/x.pyz")),
    "sha256": platform(lambda found: found.update(sha256="0A" * 32)),
    "bin": platform(lambda found: found.pop("bin")),
    "files": platform(lambda found: found.update(files=[])),
    "fields {'binary'}": platform(lambda found: found.update(binary="x")),
    "selector is of": platform(lambda found: found["selector"]["matchLabels"].update(python="3.11")),
    "selector matches": platform(lambda found: found["selector"]["matchLabels"].update(arch="x86_64")),
}


@pytest.mark.parametrize("rule", PLANTED)
def test_a_planted_mistake_is_caught(rule: str) -> None:
    made = copy.deepcopy(MADE)
    PLANTED[rule](made)
    broken = list(check_manifest("cosi.yaml", made))
    assert len(broken) == 1
    assert broken[0].startswith(rule)


@pytest.mark.parametrize("name", ["Cosi", "cosi_x", "kube-cosi", "nul", "../cosi"])
def test_a_name_that_is_not_fit_is_caught(name: str) -> None:
    assert list(check_manifest(f"{name}.yaml", {**MADE, "metadata": {"name": name}})) != []


GOOD: Final = {"kubectl-cosi": 0o755, "LICENSE": 0o644}


@pytest.mark.parametrize(
    ("rule", "content", "members"),
    [
        ("its bytes", b"BZh9", GOOD),
        ("no member", b"\x1f\x8b\x08", {**GOOD, "../x": 0o644}),
        ("no member", b"\x1f\x8b\x08", {**GOOD, "/x": 0o644}),
        ("bin is", b"\x1f\x8b\x08", {**GOOD, "kubectl-cosi": 0o644}),
        ("a licence", b"\x1f\x8b\x08", {"kubectl-cosi": 0o755}),
    ],
)
def test_a_planted_archive_is_caught(rule: str, content: bytes, members: dict[str, int]) -> None:
    broken = list(check_archive(content, members, "kubectl-cosi"))
    assert len(broken) == 1
    assert broken[0].startswith(rule)
