"""A table on a terminal is a screenful, unless all of it is asked for; elsewhere it is whole."""

from collections import Counter
from pathlib import Path

import pytest

from cosictl.cli.layout import Layout
from cosictl.cli.options import Shared
from cosictl.cli.output import Format
from cosictl.cli.screenful import rest_lines
from cosictl.flows.get import Wanted
from cosictl.model.report import Outlook
from tests.cli_process import V1, cosictl, in_terminal

CLAIMS = 22
COLOR = ("--color", "never")


@pytest.mark.parametrize(
    ("screen", "count", "rows"),
    [
        (0, 1000, None),
        (0, None, None),
        (24, 22, None),
        (24, 23, 18),
        (24, None, 18),
        (24, 0, None),
        (200, 198, None),
        (10, 8, None),
        (10, 9, 5),
        # A screen on which nothing can be read is no reason to print nothing.
        (1, 9, 5),
    ],
)
def test_how_many_rows_there_are_at_once(screen: int, count: int | None, rows: int | None) -> None:
    layout = Layout(
        shared=Shared(), chosen=Format.TABLE, printer=None, sort=None, wanted=Wanted(), no_trunc=False, screen=screen
    )
    assert layout.room(count) == rows


LOOPING, PARKED, STALLED, READY = Outlook.LOOPING, Outlook.PARKED, Outlook.STALLED, Outlook.READY


@pytest.mark.parametrize(
    ("count", "outlooks", "narrowed", "said"),
    [
        (0, {}, False, []),
        (1, {READY: 1}, False, ["… 1 more: cosictl get claims --all"]),
        (12345, {READY: 12345}, False, ["… 12,345 more: cosictl get claims --all"]),
        (
            9,
            {STALLED: 3, READY: 2, LOOPING: 4},
            False,
            [
                "… 9 more: cosictl get claims --all",
                "  among them 4 looping, 3 stalled: cosictl get claims --outlook looping,stalled",
            ],
        ),
        (1, {PARKED: 1}, True, ["… 1 more: cosictl get claims --all"]),
        (5, {}, False, ["… 5 more: cosictl get claims --all"]),
    ],
)
def test_what_is_said_of_the_rest(
    count: int,
    outlooks: dict[Outlook, int],
    narrowed: bool,  # noqa: FBT001 - a column of the table
    said: list[str],
) -> None:
    assert list(rest_lines(count, Counter(outlooks), "cosictl get claims", narrowed=narrowed)) == said


def rows(seen: str) -> int:
    return sum(line.startswith(("team-a ", "team-b ")) for line in seen.splitlines())


def test_a_terminal_gets_a_screenful_and_what_to_type_for_the_rest() -> None:
    code, seen = in_terminal("get", "claims", "-f", V1, *COLOR, columns=200, lines=20)
    assert (code, rows(seen)) == (0, 14)
    assert f"… 8 more: cosictl get claims -f {V1} --color never --all\n" in seen
    assert "  among them 2 stalled: cosictl get claims" in seen
    assert len(seen.splitlines()) <= 20


def test_what_to_type_does_what_it_says() -> None:
    _, seen = in_terminal("get", *COLOR, "-f", V1, "--", "claims", columns=200, lines=20)
    again = seen.partition("more: cosictl ")[2].partition("\n")[0]
    _, whole = in_terminal(*again.split(), columns=200, lines=20)
    assert rows(whole) == CLAIMS


@pytest.mark.parametrize(
    ("words", "lines", "begins"),
    [
        (("--all",), 20, "team-"),
        ((), CLAIMS + 2, "team-"),
        (("-o", "wide", "--all"), 20, "team-"),
        (("-o", "name"), 5, "bucketclaim."),
        (("-o", "json"), 5, '      "kind": "BucketClaim"'),
    ],
    ids=str,
)
def test_all_of_it_is_there_where_it_is_asked_for_or_fits(words: tuple[str, ...], lines: int, begins: str) -> None:
    code, seen = in_terminal("get", "claims", "-f", V1, *COLOR, *words, columns=200, lines=lines)
    assert (code, sum(line.startswith(begins) for line in seen.splitlines())) == (0, CLAIMS)
    assert "more:" not in seen


def test_whoever_names_objects_gets_them_all() -> None:
    names = [name.partition("/")[2] for name in cosictl("get", "claims", "-f", V1, "-o", "name").stdout.split()]
    _, seen = in_terminal("get", "claims", *names, "-f", V1, *COLOR, columns=200, lines=8)
    assert rows(seen) == CLAIMS


def test_a_pipe_gets_all_of_it(tmp_path: Path) -> None:
    done = cosictl("get", "claims", "-f", V1, env={"LINES": "10"}, cwd=tmp_path)
    assert (rows(done.stdout), done.stderr) == (CLAIMS, "")


def test_classes_count_as_rows_too() -> None:
    _, seen = in_terminal("get", "classes", "-f", V1, *COLOR, columns=200, lines=10)
    assert "more: cosictl get classes" in seen
