"""The files around the code: metadata, licence, links, and nothing that only exists on one machine."""

import hashlib
import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

import cosictl

ROOT: Final = Path(__file__).resolve().parents[1]
APACHE_2: Final = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"
# Spelled in parts, so that this file does not find itself.
MACHINE_PATHS: Final = re.compile("|".join(["/wor" + "k/", "/tmp" + r"/v\b", "/roo" + "t/"]))


def project() -> dict[str, Any]:
    """Read the project's metadata."""
    return dict(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"])


def written_files() -> Iterator[Path]:
    """Yield every text file of the project, but nothing that tools made."""
    made = {
        ".git",
        ".venv",
        ".mypy_cache",
        ".ruff_cache",
        ".pytest_cache",
        ".hypothesis",
        "__pycache__",
        "build",
        "dist",
    }
    for folder, names, files in os.walk(ROOT):
        names[:] = [name for name in names if name not in made and not name.endswith(".egg-info")]
        yield from (Path(folder, name) for name in files)


MARKDOWN: Final = sorted(path for path in written_files() if path.suffix == ".md")


def as_id(path: Path) -> str:
    """Name a file below the project."""
    return path.relative_to(ROOT).as_posix()


def test_both_scripts_call_the_same_main() -> None:
    assert project()["scripts"] == {"cosictl": "cosictl.__main__:main", "kubectl-cosi": "cosictl.__main__:main"}


def test_the_oldest_python_is_3_11() -> None:
    assert project()["requires-python"] == ">=3.11"


def test_the_dependencies_are_the_ones_of_the_design() -> None:
    names = {re.split(r"[<>=!~ ]", line)[0] for line in project()["dependencies"]}
    assert names == {"typer", "rich", "kubernetes", "websocket-client", "grpcio", "protobuf", "msgspec", "pyyaml"} | {
        "ahocorasick-rs",
        "urllib3",
    }
    development = {re.split(r"[<>=!~ ]", line)[0] for line in project()["optional-dependencies"]["dev"]}
    assert {"pytest", "hypothesis", "mypy", "ruff", "grpcio-tools"} <= development


def test_every_dependency_has_a_lower_bound() -> None:
    assert [line for line in project()["dependencies"] if ">=" not in line] == []


def test_the_version_has_a_line_in_the_changelog() -> None:
    assert "version" in project()["dynamic"]
    headings = re.findall(r"^## \[?([\w.]+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert cosictl.__version__ in headings


def test_the_licence_is_apache_2_in_full() -> None:
    assert project()["license"] == "Apache-2.0"
    assert project()["license-files"] == ["LICENSE"]
    assert hashlib.sha256((ROOT / "LICENSE").read_bytes()).hexdigest() == APACHE_2


def test_ci_runs_what_developers_run() -> None:
    run = ROOT / ".ci" / "run"
    assert os.access(run, os.X_OK)
    assert "make test" in run.read_text()


def test_nothing_names_a_path_of_one_machine() -> None:
    found = []
    for path in written_files():
        text = path.read_text(encoding="utf-8", errors="replace")
        found += [f"{as_id(path)}: {match[0]}" for match in MACHINE_PATHS.finditer(text)]
    assert found == []


def targets_of(path: Path) -> Iterator[str]:
    """Yield the targets of a page's links that point into the project; code is not looked at."""
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"`[^`\n]*`", "", text)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not re.match(r"[a-z]+:", target):
            yield target


def anchors_of(path: Path) -> set[str]:
    """Give the anchors of a page, made from its headings as forges do it."""
    headings = re.findall(r"^#+ +(.+?) *$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", MARKDOWN, ids=as_id)
def test_links_lead_somewhere(path: Path) -> None:
    broken = []
    for target in targets_of(path):
        name, _, anchor = target.partition("#")
        page = (path.parent / name).resolve() if name else path
        if not page.exists() or (anchor and page.suffix == ".md" and anchor not in anchors_of(page)):
            broken.append(target)
    assert broken == []


def test_a_broken_link_would_be_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# A `b` c\n[x](absent.md) [y](https://example.com) `[z](code.md)` [w](#a-b-c)\n```\n[v](v.md)\n```\n"
    )
    assert list(targets_of(page)) == ["absent.md", "#a-b-c"]
    assert anchors_of(page) == {"a-b-c"}
