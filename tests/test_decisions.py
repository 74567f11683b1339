"""The decisions in ``docs/adr``: short, whole, listed, and about modules that exist."""

import re
from pathlib import Path
from typing import Final

import pytest

from tests.cli_process import ROOT

FOLDER: Final = ROOT / "docs" / "adr"
DECISIONS: Final = sorted(path for path in FOLDER.glob("[0-9]*.md"))
LONGEST: Final = 60


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_is_short_and_says_what_else_could_have_been(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    parts = dict(zip(*[iter(re.split(r"^## (.+)\n", text, flags=re.MULTILINE)[1:])] * 2, strict=True))
    assert list(parts) == ["Context", "Decision", "The road not taken", "Consequences"]
    assert all(part.strip() for part in parts.values())
    assert len(text.splitlines()) <= LONGEST


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_what_a_decision_names_exists(path: Path) -> None:
    for name in re.findall(r"`((?:tests|cluster|model|diagnosis|cosictl|docs)/[\w./-]*)`", path.read_text()):
        found = [ROOT / name, ROOT / "cosictl" / name, ROOT / "cosictl" / f"{name}.py"]
        assert any(place.exists() for place in found), name


def test_every_decision_is_listed_under_its_title() -> None:
    listed = re.findall(r"^\d+\. \[(.+)\]\((.+)\)$", (FOLDER / "README.md").read_text(), re.MULTILINE)
    titles = [path.read_text().splitlines()[0] for path in DECISIONS]
    assert [(f"# {number}. {title}", name) for number, (title, name) in enumerate(listed, 1)] == [
        (title, path.name) for title, path in zip(titles, DECISIONS, strict=True)
    ]
