"""``docs/probe-driver.md`` has every option and every case; ``--update-golden`` writes the table of cases."""

import inspect
from pathlib import Path

import pytest

from cosictl.cli.probe_driver.app import VERBS
from cosictl.cli.probe_driver.options import Dial
from cosictl.diagnosis.settle import Comparison
from cosictl.driver.check.run import CASES
from cosictl.knowledge.risks import CALL_RISKS

PAGE = Path(__file__).resolve().parents[1] / "docs" / "probe-driver.md"
MARK = "<!-- cases -->\n"


def table() -> str:
    rows = [f"| {case.id} | {', '.join(case.apis)} | {case.says} | {case.shows} |" for case in CASES]
    return (
        "\n".join(["| case | versions | asks for | a driver that breaks it, in a cluster |", "| --- " * 4 + "|", *rows])
        + "\n"
    )


def test_every_case_is_on_it(request: pytest.FixtureRequest) -> None:
    text = PAGE.read_text(encoding="utf-8")
    wanted = text[: text.index(MARK) + len(MARK)] + table()
    if request.config.getoption("--update-golden"):
        PAGE.write_text(wanted, encoding="utf-8")
        text = wanted
    assert text == wanted


def test_every_verb_way_risk_and_verdict_is_on_it() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for verb in VERBS:
        assert verb.__name__ in text
    for name in inspect.signature(Dial).parameters:
        assert f"--{name.replace('_', '-')}" in text
    for method in CALL_RISKS:
        assert method in text
    for comparison in Comparison:
        assert f"| {comparison} |" in text
