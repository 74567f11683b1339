"""``docs/sandbox.md`` names what there is."""

import re
from pathlib import Path
from typing import Final

import pytest

from cosictl.sandbox.api.faults import REASONS, FaultKind, parse_fault
from cosictl.sandbox.api.resources import COSI_VERSIONS, served
from cosictl.sandbox.pod_exec import PROGRAMS
from cosictl.sandbox.scenarios import SCENARIOS

PAGE: Final = (Path(__file__).parent.parent / "docs" / "sandbox.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[tuple[str, str]]:
    """The first table after a heading."""
    table = PAGE.split(f"## {heading}\n")[1].split("\n\n## ")[0]
    found = re.findall(r"^\| (.+?) \| (.+?) \|$", table, re.MULTILINE)
    return [(left, right) for left, right in found if left != "---"][1:]


def test_every_story_is_on_it_in_its_own_words() -> None:
    assert rows("Stories") == [(row.name, row.about) for row in SCENARIOS.values()]


def test_every_fault_is_on_it() -> None:
    named = [name for left, _ in rows("Faults") for name in left.split(", ")]
    kinds = {kind.value for kind in FaultKind} - {FaultKind.STATUS.value}
    assert set(named) == {str(code) for code in REASONS} | kinds


@pytest.mark.parametrize("fault", re.findall(r"`([\w-]+:[\w:.=-]+)`", PAGE.split("Examples:")[1].split("\n`xN`")[0]))
def test_its_examples_of_faults_are_faults(fault: str) -> None:
    assert parse_fault(fault).verb


def test_everything_served_is_on_it() -> None:
    words = set(re.findall(r"[a-z]+", " ".join(right for _, right in rows("What the API server serves"))))
    for row in served(COSI_VERSIONS):
        assert row.resource.plural in words
        assert set(row.subresources) <= words


def test_every_program_is_on_it() -> None:
    assert set(PROGRAMS) <= set(re.findall(r"`(\w+)`", PAGE.split("Commands in their containers")[1]))
