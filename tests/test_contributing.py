"""The worked examples of ``CONTRIBUTING.md``: what they add is added to a copy of the tree, what they type is typed."""

import ast
import re
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.cli_process import ROOT, environment
from tests.test_tutorial import VARIES
from tests.typed import ANY, CONSOLE, Shell, differs, shell, typed

PAGE: Final = ROOT / "CONTRIBUTING.md"
EXAMPLES: Final = ("A sidecar release", "A message rule", "A finding")
# A file or lines of one, with where they go; or commands.
PART: Final = re.compile(
    r"^<!-- (?:new (?P<new>\S+)|into (?P<file>\S+) (?P<place>before|at the end of) `(?P<text>[^`\n]+)`) -->\n"
    r"```\w+\n(?P<lines>.*?)^```|" + CONSOLE.pattern,
    re.DOTALL | re.MULTILINE,
)
MADE: Final = shutil.ignore_patterns(".*", "__pycache__", "build", "dist", "*.egg-info", "bench")


def section(title: str) -> str:
    """One worked example."""
    return PAGE.read_text(encoding="utf-8").split(f"### {title}\n")[1].split("\n### ")[0]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the project, and a virtual environment in name."""
    copy = tmp_path / "cosictl"
    shutil.copytree(ROOT, copy, ignore=MADE)
    (copy / ".venv" / "bin").mkdir(parents=True)
    for name in ("cosictl", "pytest"):
        script = copy / ".venv" / "bin" / name
        script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m {name} "$@"\n')
        script.chmod(0o755)
    return copy


@pytest.fixture
def desk(tree: Path) -> Iterator[Shell]:
    """A shell in the copy."""
    with shell(environment({"PYTHONPATH": str(tree), "HOME": str(tree.parent)}), tree) as made:
        yield made


def place(text: str, part: re.Match[str]) -> int:
    """Where lines go in a file: at the end of a table, or before the only line that begins so."""
    if part["place"] == "before":
        (found,) = re.finditer(rf"^{re.escape(part['text'])}", text, re.MULTILINE)
        return found.start()
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.end_lineno:
            names = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(name, ast.Name) and name.id == part["text"] for name in names):
                return sum(map(len, text.splitlines(keepends=True)[: node.end_lineno - 1]))
    return pytest.fail(f"there is no {part['text']}")


def add(tree: Path, part: re.Match[str]) -> None:
    """Make the file, or put the lines where they go."""
    path = tree / (part["new"] or part["file"])
    if part["new"]:
        assert not path.exists()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(part["lines"], encoding="utf-8")
        return
    text = path.read_text(encoding="utf-8")
    at = place(text, part)
    path.write_text(text[:at] + part["lines"] + text[at:], encoding="utf-8")


@pytest.mark.parametrize("title", EXAMPLES)
def test_a_worked_example_works(title: str, tree: Path, desk: Shell, request: pytest.FixtureRequest) -> None:
    update = request.config.getoption("--update-golden")
    for part in PART.finditer(section(title)):
        if part["lines"] is not None:
            add(tree, part)
            continue
        for step in typed(part[0]):
            printed = desk.type(step.command)
            different = differs(step.shown, printed)
            if different and update:
                text = PAGE.read_text(encoding="utf-8")
                old, new = (f"$ {step.command}\n{shown}" for shown in (step.shown, VARIES.sub(ANY, printed)))
                at = text.index(old, text.index(f"### {title}\n"))
                PAGE.write_text(text[:at] + new + text[at + len(old) :], encoding="utf-8")
                continue
            assert not different, f"{step.command}: {different}"


@pytest.mark.parametrize("title", EXAMPLES)
def test_a_worked_example_is_whole(title: str) -> None:
    parts = list(PART.finditer(section(title)))
    assert any(part["lines"] for part in parts)
    assert parts[-1]["lines"] is None, "it ends with a command that shows it"
    assert section(title).count("```") == 2 * len(parts)
