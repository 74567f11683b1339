"""The Containerfile, which nothing builds here: a linter reads it, and so do we."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from cosictl.cli.probe_driver import tunnelling
from tests.cli_process import ROOT
from tests.test_project import project

FILE: Final = ROOT / "Containerfile"
LINTER: Final = shutil.which("hadolint", path=str(Path(sys.executable).parent))
needs_linter: Final = pytest.mark.skipif(LINTER is None, reason="hadolint has no package for this platform")


def instructions(text: str) -> Iterator[tuple[str, str]]:
    """Yield the instructions of a Containerfile, continued lines joined."""
    plain = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    for line in plain.replace("\\\n", " ").splitlines():
        word, _, rest = line.strip().partition(" ")
        if word:
            yield word.upper(), " ".join(rest.split())


FOUND: Final = list(instructions(FILE.read_text()))
LAST_STAGE: Final = FOUND[max(place for place, (word, _) in enumerate(FOUND) if word == "FROM") :]


def told(word: str, among: list[tuple[str, str]]) -> list[str]:
    return [rest for found, rest in among if found == word]


def lint(text: str) -> subprocess.CompletedProcess[str]:
    assert LINTER is not None
    return subprocess.run([LINTER, "--no-color", "-"], input=text, capture_output=True, text=True, check=False)


@needs_linter
def test_the_linter_finds_nothing() -> None:
    done = lint(FILE.read_text())
    assert (done.returncode, done.stdout) == (0, "")


@needs_linter
@pytest.mark.parametrize(
    ("rule", "good", "bad"),
    [
        ("DL3006", "python:3.11.14-slim-bookworm\n", "python\n"),
        ("DL3002", "USER 65532:65532", "USER root"),
        ("DL3008", "# hadolint ignore=DL3008\n", ""),
        ("DL3025", 'ENTRYPOINT ["cosictl"]', "ENTRYPOINT cosictl"),
    ],
)
def test_the_linter_would_find_it(rule: str, good: str, bad: str) -> None:
    text = FILE.read_text()
    assert good in text
    done = lint(text.replace(good, bad))
    assert done.returncode == 1
    assert rule in done.stdout


def test_the_images_below_it_are_pinned_and_have_a_python_that_will_do() -> None:
    images = [rest.split()[0] for rest in told("FROM", FOUND)]
    assert len(set(images)) == 1
    match = re.fullmatch(r"docker\.io/library/python:(\d+)\.(\d+)\.(\d+)-slim-[a-z]+", images[0])
    assert match is not None
    assert (int(match[1]), int(match[2])) >= tuple(
        int(part) for part in project()["requires-python"].removeprefix(">=").split(".")
    )


def test_it_runs_as_nobody_that_is_known_by_number() -> None:
    user = told("USER", LAST_STAGE)[-1]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)
    folder = told("WORKDIR", LAST_STAGE)[-1]
    own = f"install -d -o {user.split(':')[0]} -g {user.split(':')[1]} {folder}"
    assert any(own in command for command in told("RUN", LAST_STAGE))
    assert any(f"HOME={folder}" in line for line in told("ENV", LAST_STAGE))


def test_it_is_cosictl() -> None:
    assert told("ENTRYPOINT", LAST_STAGE) == ['["cosictl"]']
    labels = " ".join(told("LABEL", LAST_STAGE))
    names = ("title", "description", "licenses", "version", "revision")
    assert [name for name in names if f"org.opencontainers.image.{name}=" not in labels] == []
    assert 'version="${VERSION}"' in labels


def test_it_has_what_a_debug_image_needs() -> None:
    """The container that is added to a Pod sleeps, and every connection is a socat; Debian's base has the rest."""
    assert any(re.search(r"install .*\bsocat\b", command) for command in told("RUN", LAST_STAGE))
    assert "socat and sleep" in Path(tunnelling.__file__).read_text()


def test_no_secret_is_in_it() -> None:
    words = " ".join(rest for word, rest in FOUND if word in {"ARG", "ENV", "COPY", "LABEL"})
    assert re.findall(r"(?i)secret|passw|token|credential|kubeconfig|\.ssh|\.git\b", words) == []
    assert "ADD" not in dict(FOUND)


def copied() -> list[str]:
    """What it copies from the checkout."""
    lines = [rest for rest in told("COPY", FOUND) if not rest.startswith("--from")]
    return [name for line in lines for name in line.split()[:-1]]


def test_what_it_copies_is_there_and_is_not_ignored() -> None:
    assert copied() != []
    assert [name for name in copied() if not (ROOT / name).exists()] == []
    ignore = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in ignore
    assert {line.removeprefix("!") for line in ignore if line.startswith("!")} == set(copied())


def test_what_it_copies_is_enough_to_build_from(tmp_path: Path) -> None:
    tree = tmp_path / "src"
    tree.mkdir()
    for name in copied():
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, tree)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(tree)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(list(tmp_path.glob("cosictl-*.whl"))) == 1
