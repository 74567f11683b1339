"""Golden cases: a folder is a dump with the diagnosis it must give, whole, as JSON and as text.

``case.json`` says what the case is about, the codes it must raise and those it must not (the entries it has to be
told apart from), and extra arguments. ``make golden`` writes the expected files anew; read the diff before you
commit it.
"""

import contextlib
import io
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from cosictl.diagnosis.report import diagnose
from cosictl.flows.logs import with_logs
from cosictl.intake.files import load_dump, read_dump
from cosictl.knowledge.catalogue import CATALOGUE, Detect
from cosictl.model.logs import LogWish
from cosictl.model.report import Report
from cosictl.model.snapshot import Snapshot
from cosictl.render.console import make_out
from cosictl.render.diagnosis_text import print_diagnosis
from cosictl.render.document import diagnosis_document
from cosictl.render.machine import dump_json

GOLDEN = Path(__file__).parent / "golden"
CASES = sorted(path.name for path in GOLDEN.iterdir() if (path / "case.json").is_file())


def facts(case: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((GOLDEN / case / "case.json").read_text())
    return loaded


def diagnosed(case: str) -> Report:
    about = facts(case)
    args = about["args"]
    assume = args[args.index("--assume-sidecar") + 1] if "--assume-sidecar" in args else None
    # From the case's own folder, because how long the path of a dump is decides where the lines that name it break.
    with contextlib.chdir(GOLDEN / case):
        return diagnose(observed(about.get("input", "input"), args), assume=assume)


def observed(path: str, args: list[str]) -> Snapshot:
    """Read a case's files, with the logs that its arguments ask for."""
    files = tuple(value for option, value in pairwise(args) if option == "--log-file")
    if not files and "--logs" not in args:
        return read_dump([path])
    return with_logs(lambda: load_dump([path], logs=True), LogWish(files=files, folders=True))()[1]


def as_json(report: Report) -> str:
    stream = io.StringIO()
    dump_json(diagnosis_document(report), stream)
    return stream.getvalue()


def as_text(report: Report) -> str:
    stream = io.StringIO()
    print_diagnosis(report, make_out(stream, color="never", width=100), show_all=True)
    return stream.getvalue()


@pytest.mark.parametrize("case", CASES)
def test_the_case_gives_its_diagnosis(case: str, request: pytest.FixtureRequest) -> None:
    report = diagnosed(case)
    for name, text in (("diagnosis.json", as_json(report)), ("diagnosis.txt", as_text(report))):
        path = GOLDEN / case / name
        if request.config.getoption("--update-golden"):
            path.write_text(text, encoding="utf-8")
        assert path.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("case", CASES)
def test_the_case_raises_what_it_is_about_and_not_what_it_is_near(case: str) -> None:
    codes = {finding.code for finding in diagnosed(case).findings}
    about = facts(case)
    assert set(about["raises"]) <= codes
    assert not set(about["spares"]) & codes


def test_every_detectable_code_has_a_case_that_raises_it() -> None:
    raised = {code for case in CASES for code in facts(case)["raises"]}
    detectable = {code for code, entry in CATALOGUE.items() if entry.detect is Detect.OBJECTS and entry.own_finding}
    assert detectable - raised == set()


def test_every_detectable_code_has_a_near_miss() -> None:
    spared = {code for case in CASES for code in facts(case)["spares"]}
    detectable = {code for code, entry in CATALOGUE.items() if entry.detect is Detect.OBJECTS and entry.own_finding}
    assert detectable - spared == set()


def test_every_code_that_is_only_a_candidate_names_an_entry_that_is_raised() -> None:
    raised = {code for case in CASES for code in facts(case)["raises"]}
    for code, entry in CATALOGUE.items():
        if entry.detect is Detect.PROBE:
            assert entry.meanwhile in raised, code
