"""Both recordings of a real cluster against what a person who knows every driver call would say."""

import json
from pathlib import Path

import pytest

from cosictl.diagnosis.report import diagnose
from cosictl.intake.files import read_dump
from cosictl.model.report import Assessment, Flag

RECORDED = Path(__file__).parent / "recorded"
VERSIONS = ("v1alpha1", "v1alpha2")


def judged(version: str) -> dict[str, Assessment]:
    report = diagnose(read_dump([str(RECORDED / version)]))
    return {str(item.ref): item for item in report.objects}


def truths() -> list[tuple[str, str, dict[str, object]]]:
    found: list[tuple[str, str, dict[str, object]]] = []
    for version in VERSIONS:
        truth = json.loads((RECORDED / version / "truth.json").read_text())
        found.extend((version, name, facts) for name, facts in truth.items())
    return found


@pytest.mark.parametrize(
    ("version", "name", "facts"), truths(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_the_outlook_is_one_a_knowing_person_accepts(version: str, name: str, facts: dict[str, object]) -> None:
    item = judged_once(version)[name]
    states = facts["state"]
    assert isinstance(states, list)
    assert item.outlook.value in states, (item.outlook, item.basis, facts.get("note"))


@pytest.mark.parametrize(
    ("version", "name", "facts"), truths(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_the_flags_a_knowing_person_sees_are_seen(version: str, name: str, facts: dict[str, object]) -> None:
    item = judged_once(version)[name]
    for flag in (Flag.ORPHANED, Flag.TERMINATING):
        assert (flag in item.flags) is bool(facts.get(flag.value, False)), (flag, item.flags)


@pytest.mark.parametrize("version", VERSIONS)
def test_every_object_of_the_truth_and_no_other_is_judged(version: str) -> None:
    truth = json.loads((RECORDED / version / "truth.json").read_text())
    assert set(judged_once(version)) == set(truth)


_CACHE: dict[str, dict[str, Assessment]] = {}


def judged_once(version: str) -> dict[str, Assessment]:
    if version not in _CACHE:
        _CACHE[version] = judged(version)
    return _CACHE[version]
