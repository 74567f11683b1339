"""The package obeys the laws of the house, and each law catches the violation it is for."""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from tests import laws

ROOT: Final = Path(__file__).resolve().parents[1]
PACKAGE: Final = ROOT / "cosictl"
GENERATED: Final = PACKAGE / "driver" / "generated"
SOURCES: Final = sorted(PACKAGE.rglob("*.py"))
WRITTEN: Final = [path for path in SOURCES if GENERATED not in path.parents]
TEST_SOURCES: Final = sorted((ROOT / "tests").rglob("*.py"))
RELEASE_SOURCES: Final = sorted((ROOT / "release").rglob("*.py"))
FOLDERS: Final = [path for path in WRITTEN if path.name == "__init__.py" and path.parent != PACKAGE]

TreeCheck = Callable[[str, ast.AST], Iterator[str]]
TREE_CHECKS: Final[tuple[TreeCheck, ...]] = (laws.check_imports, laws.check_clocks, laws.check_input_output)


def module_of(path: Path) -> str:
    """Give the dotted name of a source file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.mark.parametrize("check", TREE_CHECKS)
def test_the_package_obeys(check: TreeCheck) -> None:
    violations = [line for path in SOURCES for line in check(module_of(path), ast.parse(path.read_text()))]
    assert violations == []


def test_no_function_is_too_long_to_read() -> None:
    files = [*WRITTEN, *RELEASE_SOURCES, *TEST_SOURCES]
    assert [line for path in files for line in laws.check_functions(module_of(path), ast.parse(path.read_text()))] == []


def test_no_file_is_too_long_to_read() -> None:
    files = [*WRITTEN, *RELEASE_SOURCES, *TEST_SOURCES]
    assert [line for path in files for line in laws.check_length(module_of(path), path.read_text())] == []


@pytest.mark.parametrize("path", FOLDERS, ids=module_of)
def test_every_room_says_what_it_is(path: Path) -> None:
    assert list(laws.check_docstring(module_of(path), ast.parse(path.read_text()))) == []


def test_every_folder_is_a_package() -> None:
    folders = {path.parent for path in SOURCES}
    assert [str(folder) for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


def test_the_rooms_of_a_diagnosis_exist() -> None:
    found = {laws.room_of(module_of(path)) for path in SOURCES}
    assert {
        "errors",
        "model",
        "knowledge",
        "intake",
        "diagnosis",
        "cluster",
        "driver",
        "render",
        "flows",
        "cli",
    } < found


IMPORT_VIOLATIONS: Final = {
    "model knows only the standard library and structs": ("cosictl.model.refs", "import yaml"),
    "model imports no room": ("cosictl.model.refs", "from cosictl.errors import Exit"),
    "errors import nothing of ours": ("cosictl.errors", "from cosictl.model.refs import Kind"),
    "knowledge does not decide": ("cosictl.knowledge.policies", "from cosictl.diagnosis import classify"),
    "intake does not look things up": ("cosictl.intake.files", "from cosictl.knowledge import policies"),
    "intake has no client": ("cosictl.intake.files", "import kubernetes.client"),
    "diagnosis does not decode": ("cosictl.diagnosis.report", "from cosictl.intake.files import read_dump"),
    "diagnosis raises no user-facing errors": ("cosictl.diagnosis.report", "import cosictl.errors"),
    "diagnosis reads no files": ("cosictl.diagnosis.report", "from pathlib import Path"),
    "diagnosis has no dice": ("cosictl.diagnosis.backoff", "import random"),
    "cluster does not diagnose": ("cosictl.cluster.reader", "from cosictl import diagnosis"),
    "cluster knows no gRPC": ("cosictl.cluster.reader", "import grpc"),
    "driver knows no cluster": ("cosictl.driver.channel", "from cosictl.cluster import reader"),
    "driver uses no other google package": ("cosictl.driver.channel", "import google.auth"),
    "render does not conclude": ("cosictl.render.text", "from cosictl.diagnosis.report import diagnose"),
    "only render knows rich": ("cosictl.cli.main", "from rich.console import Console"),
    "only cli knows typer": ("cosictl.flows.diagnose", "import typer"),
    "flows get the cluster passed in": ("cosictl.flows.diagnose", "from cosictl.cluster.reader import read"),
    "flows do not print": ("cosictl.flows.diagnose", "from cosictl.render import text"),
    "nobody imports the command line": ("cosictl.flows.diagnose", "from cosictl.cli import options"),
    "no hiding in a function": ("cosictl.flows.diagnose", "def f():\n    import grpc"),
    "no hiding behind the type checker": (
        "cosictl.diagnosis.graph",
        "if TYPE_CHECKING:\n    from cosictl.intake import wire",
    ),
    "no hiding in a call": ("cosictl.render.text", "import importlib\nimportlib.import_module('kubernetes')"),
    "no computed imports": ("cosictl.cli.wiring", "from importlib import import_module\nimport_module(name)"),
    "no relative imports": ("cosictl.intake.files", "from ..model import refs"),
    "stubs stay in their room": ("cosictl.cli.wiring", "from cosictl.driver.generated.v1alpha1 import cosi_pb2"),
    "no new room without a row": ("cosictl.utils.text", "import re"),
    "the package itself stays light": ("cosictl", "from cosictl.cli import main"),
}
CLOCK_VIOLATIONS: Final = {
    "plainly": ("cosictl.diagnosis.outlook", "import time\nage = time.time()"),
    "by another name": ("cosictl.diagnosis.outlook", "from datetime import datetime as dt\nnow = dt.now(UTC)"),
    "from the module": ("cosictl.render.text", "import datetime\nstamp = datetime.datetime.utcnow()"),
    "of a copy": ("cosictl.intake.files", "from time import monotonic as tick\nstart = tick()"),
    "without a call": ("cosictl.model.snapshot", "from datetime import datetime\nfield(default_factory=datetime.now)"),
    "of days": ("cosictl.knowledge.policies", "from datetime import date\ntoday = date.today()"),
}
INNOCENT: Final = {
    "standard library": ("cosictl.model.refs", "from dataclasses import dataclass"),
    "own room": ("cosictl.model.report", "from cosictl.model.refs import Ref"),
    "version of the package": ("cosictl.render.text", "from cosictl import __version__"),
    "cluster reads the clock": ("cosictl.cluster.reader", "import time\nimport urllib3\ntime.monotonic()"),
    "a moment is no clock": ("cosictl.intake.times", "from datetime import datetime\ndatetime.fromisoformat(text)"),
    "an attribute called now": ("cosictl.diagnosis.outlook", "age = snapshot.now - created"),
    "cli wires lazily": ("cosictl.cli.wiring", "def f():\n    from cosictl.cluster import reader"),
    "driver and its stubs": (
        "cosictl.driver.v1alpha1",
        "import grpc\nfrom google.protobuf import message\nfrom cosictl.driver.generated.v1alpha1 import cosi_pb2",
    ),
}


@pytest.mark.parametrize("planted", IMPORT_VIOLATIONS.values(), ids=IMPORT_VIOLATIONS.keys())
def test_a_planted_import_is_caught(planted: tuple[str, str]) -> None:
    module, source = planted
    assert len(list(laws.check_imports(module, ast.parse(source)))) == 1


@pytest.mark.parametrize("planted", CLOCK_VIOLATIONS.values(), ids=CLOCK_VIOLATIONS.keys())
def test_a_planted_clock_is_caught(planted: tuple[str, str]) -> None:
    module, source = planted
    assert len(list(laws.check_clocks(module, ast.parse(source)))) == 1


@pytest.mark.parametrize("innocent", INNOCENT.values(), ids=INNOCENT.keys())
def test_what_is_allowed_is_not_reported(innocent: tuple[str, str]) -> None:
    module, source = innocent
    assert [line for check in TREE_CHECKS for line in check(module, ast.parse(source))] == []


def test_planted_input_and_output_are_caught() -> None:
    tree = ast.parse("print(open('x').read())")
    assert len(list(laws.check_input_output("cosictl.diagnosis.report", tree))) == 2
    assert list(laws.check_input_output("cosictl.intake.files", tree)) == []


def test_a_planted_long_function_is_caught() -> None:
    body = "    x = 1\n" * laws.MAX_FUNCTION_LINES
    assert len(list(laws.check_functions("cosictl.cli.main", ast.parse(f"def f():\n{body}")))) == 1
    shorter = body.removesuffix("    x = 1\n")
    assert list(laws.check_functions("cosictl.cli.main", ast.parse(f"def f():\n{shorter}"))) == []


def test_a_planted_long_file_is_caught_and_a_long_table_is_not() -> None:
    rows = "X = 1\n" * (laws.MAX_FILE_LINES + 1)
    assert len(list(laws.check_length("cosictl.intake.files", rows + "def f(): ..."))) == 1
    assert list(laws.check_length("cosictl.knowledge.rows", rows)) == []


@pytest.mark.parametrize("text", ["", '"""Helpers."""', f'"""{"Words. " * 30} In: x. Out: y."""'])
def test_a_planted_silent_room_is_caught(text: str) -> None:
    assert list(laws.check_docstring("cosictl.helpers", ast.parse(text))) != []
