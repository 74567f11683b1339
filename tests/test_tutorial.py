"""``docs/tutorial.md`` is what happens: its commands are typed, in their order, in a shell on a real sandbox."""

import os
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from cosictl.model.report import Outlook
from tests.cli_process import ROOT, environment
from tests.typed import ANY, Shell, differs, shell, typed

PAGE: Final = ROOT / "docs" / "tutorial.md"
# What differs from run to run, for ``--update-golden``; the rest of a new block is written by hand, if need be.
VARIES: Final = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"  # UIDs
    r"|\b\d{8}T\d+Z-[0-9a-f]+\b|\b[0-9a-f]{16}\b"  # runs, digests
    r"|(?:\d{4}-\d\d-\d\dT)?\d\d:\d\d:\d\dZ"  # times
    r"|~?\b(?:\d+[dhms])+\b(?= ago|\s|$|,|\))"  # ages
    r"|(?<=127\.0\.0\.1:)\d+|(?<=/cosictl-sandbox-)\w+"
    r"|(?<=counted )\d+|(?<=about )\d+(?= so far)|(?<=\bx)\d+\b|\d+(?:\.\d+)?(?= ms)"
)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Shell]:
    """A shell in an empty folder, with the command on its path."""
    (tmp_path / "bin").mkdir()
    script = tmp_path / "bin" / "cosictl"
    script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m cosictl "$@"\n')
    script.chmod(0o755)
    folder = tmp_path / "hour"
    folder.mkdir()
    env = environment({"PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}", "HOME": str(tmp_path)})
    with shell(env, folder) as made:
        yield made


def test_the_hour_goes_as_the_page_says(desk: Shell, request: pytest.FixtureRequest) -> None:
    update = request.config.getoption("--update-golden")
    text = PAGE.read_text(encoding="utf-8")
    moved = 0
    for step in typed(text):
        printed = desk.type(step.command)
        different = differs(step.shown, printed)
        if different and update:
            new = VARIES.sub(ANY, printed)
            text = text[: step.begin + moved] + new + text[step.begin + len(step.shown) + moved :]
            moved += len(new) - len(step.shown)
            continue
        assert not different, f"{PAGE.name}:{step.line}: {step.command}: {different}"
    if update:
        PAGE.write_text(text, encoding="utf-8")


def test_it_teaches_every_outlook() -> None:
    assert {f"`{outlook}`" for outlook in Outlook} <= set(re.findall(r"`\w+`", PAGE.read_text(encoding="utf-8")))


PRINTED: Final = "v1alpha1 · as of 15:11:07Z\n1 looping\n\nCOSI106  The backend\n  tries   about 15,\n          soon\n"
AGREES: Final = [
    PRINTED,
    "v1alpha1 · as of …\n1 looping\n…\n  tries about …, soon\n",
    "…\nCOSI106 The backend\n…\n",
    "…\n",
]
DIFFERS: Final = [
    "v1alpha1 · as of …\n2 looping\n…\n",  # another word
    "v1alpha1 · as of …\n…\n  tries about …, late\n",  # the last one
    "v1alpha1 · as of …\n1 looping\n",  # more is printed
    PRINTED + "more\n",  # less is printed
    "…\nCOSI106 The back\n…\n",  # half a word
    "v1alpha1 · …\n1 looping\n…\n",  # one word stands for four
    "",
]


@pytest.mark.parametrize("shown", AGREES)
def test_a_page_that_says_what_is_printed_agrees(shown: str) -> None:
    assert differs(shown, PRINTED) == ""


@pytest.mark.parametrize("shown", DIFFERS)
def test_a_page_that_says_something_else_does_not(shown: str) -> None:
    assert differs(shown, PRINTED)
