"""``docs/on-call.md``: one printed page, whose commands, codes and outlooks exist."""

import re
import shlex
from typing import Final

import pytest
import typer

from cosictl.cli.argv import respell
from cosictl.cli.verbs import VERBS, loaded
from cosictl.errors import Exit
from cosictl.knowledge.catalogue import CATALOGUE
from cosictl.model.report import Outlook
from tests.cli_process import ROOT

PAGE: Final = (ROOT / "docs" / "on-call.md").read_text(encoding="utf-8")
COMMANDS: Final = re.findall(r"`cosictl ([^`]+)`", PAGE)
# An A4 page, upright, in a type that can be read at night.
LINES: Final = 60
COLUMNS: Final = 110


def parse(line: str) -> None:
    """Parse a command line down to its last verb, and run nothing. Raises TyperException where it is none."""
    verb, *words = respell(shlex.split(line))
    command = loaded(verb) if verb in VERBS else pytest.fail(f"there is no verb {verb}")
    context = command.make_context(verb, words)
    if VERBS[verb].below and words[:1] and words[0] in VERBS[verb].below:
        below, rest = words[0], words[1:]
        command.commands[below].make_context(below, rest, parent=context)


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_the_card_is_one(line: str) -> None:
    parse(line)


@pytest.mark.parametrize("line", ["diagnose --no-such-option", "journal show", "probe-driver reproduce --endpoint"])
def test_what_is_no_command_is_seen(line: str) -> None:
    with pytest.raises(typer.TyperException):
        parse(line)


def test_it_has_a_command_for_each_symptom() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ")][2:]
    assert len(rows) > 10
    assert [row for row in rows if "`cosictl " not in row.split("|")[2]] == []


def test_it_fits_one_printed_page() -> None:
    printed = sum(max(1, -(-len(line) // COLUMNS)) for line in PAGE.splitlines())
    assert printed <= LINES


def test_every_outlook_and_exit_code_is_on_it_and_every_finding_exists() -> None:
    assert {f"`{outlook}`" for outlook in Outlook} <= set(re.findall(r"`\w+`", PAGE))
    codes = PAGE.split("**Exit codes**: ")[1].split("\n\n")[0]
    assert {int(number) for number in re.findall(r"(?:^|· )(\d+)(?!\+)\b", codes)} >= {code.value for code in Exit}
    assert set(re.findall(r"COSI\d{3}", PAGE)) <= set(CATALOGUE)
