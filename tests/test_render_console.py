"""Where text goes: real terminals and plain streams, their widths and colours; and times as people read them."""

import fcntl
import io
import os
import pty
import struct
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from typing import TextIO

import pytest

from cosictl.render.ages import age, clock, stamp, until
from cosictl.render.console import make_out

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
RED = "\x1b[31mwords\x1b[0m\n"


@contextmanager
def terminal(columns: int) -> Iterator[tuple[TextIO, int]]:
    """A real terminal of so many columns: the stream to print on, and where it can be read again."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    try:
        with os.fdopen(theirs, "w", encoding="utf-8") as stream:
            yield stream, ours
    finally:
        os.close(ours)


def seen_in_a_terminal(color: str) -> str:
    with terminal(80) as (stream, ours):
        make_out(stream, color=color).line("words", style="red")
        stream.flush()
        seen = b""
        # A terminal hands out what it has, which may be half a line.
        while not seen.endswith(b"\n"):
            seen += os.read(ours, 1000)
        return seen.decode().replace("\r\n", "\n")


def seen_in_a_pipe(color: str) -> str:
    stream = io.StringIO()
    make_out(stream, color=color).line("words", style="red")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("env", "color", "in_terminal", "in_pipe"),
    [
        ({}, "auto", RED, "words\n"),
        ({}, "never", "words\n", "words\n"),
        ({}, "always", RED, RED),
        ({"NO_COLOR": "1"}, "auto", "words\n", "words\n"),
        ({"NO_COLOR": ""}, "auto", RED, "words\n"),
        ({"NO_COLOR": "1"}, "always", RED, RED),
        ({"TERM": "dumb"}, "auto", "words\n", "words\n"),
        ({"TERM": "dumb"}, "always", RED, RED),
        ({"FORCE_COLOR": "1"}, "auto", RED, "words\n"),
        ({"FORCE_COLOR": "1"}, "never", "words\n", "words\n"),
    ],
    ids=str,
)
def test_colour_is_for_terminals_that_want_it(
    env: dict[str, str], color: str, in_terminal: str, in_pipe: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    assert seen_in_a_terminal(color) == in_terminal
    assert seen_in_a_pipe(color) == in_pipe


@pytest.mark.parametrize(
    ("columns", "env", "width", "cut_to"),
    [
        (80, "", None, 80),
        (200, "", None, 200),
        (0, "", None, 80),  # a terminal that does not know its size
        (80, "132", None, 132),
        (80, "0", None, 80),
        (80, "wide", None, 80),
        (5, "", None, 20),  # nothing can be read in five columns
        (80, "", 100, 100),
        (80, "", 0, 0),
        (80, "²", None, 80),  # a digit to str.isdigit, and no number to int
    ],
)
def test_text_is_cut_to_the_width_of_the_terminal(
    columns: int, env: str, width: int | None, cut_to: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", env)
    with terminal(columns) as (stream, _):
        assert make_out(stream, width=width).width == cut_to


def test_text_in_a_pipe_is_not_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    assert make_out(io.StringIO()).width == 0


def test_a_line_is_printed_as_it_is() -> None:
    stream = io.StringIO()
    line = "[bold]x[/] :smile: http://x 'a' 12 " + "y" * 200_000
    make_out(stream, width=20).line(line)
    assert stream.getvalue() == line + "\n"


SECOND, MINUTE, HOUR, DAY = 1, 60, 3600, 86400


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "0s"),
        (0.9, "0s"),
        (2 * MINUTE - 1, "119s"),
        (2 * MINUTE, "2m"),
        (3 * MINUTE + 44, "3m44s"),
        (10 * MINUTE - 1, "9m59s"),
        (10 * MINUTE + 59, "10m"),
        (3 * HOUR - 1, "179m"),
        (3 * HOUR, "3h"),
        (5 * HOUR + 12 * MINUTE, "5h12m"),
        (8 * HOUR - 1, "7h59m"),
        (8 * HOUR + 59 * MINUTE, "8h"),
        (2 * DAY - 1, "47h"),
        (2 * DAY, "2d"),
        (3 * DAY + 4 * HOUR, "3d4h"),
        (8 * DAY - 1, "7d23h"),
        (8 * DAY + 23 * HOUR, "8d"),
        (730 * DAY - 1, "729d"),
        (730 * DAY, "2y"),
        (740 * DAY, "2y10d"),
        (3000 * DAY, "8y"),
    ],
)
def test_an_age_reads_as_kubectl_writes_it(seconds: float, words: str) -> None:
    assert age(timedelta(seconds=seconds)) == words


@pytest.mark.parametrize(
    ("moment", "written"),
    [
        (None, None),
        (NOON, "2026-03-01T12:00:00Z"),
        (NOON.replace(microsecond=120_000), "2026-03-01T12:00:00.120Z"),
        (NOON.replace(microsecond=999), "2026-03-01T12:00:00Z"),
        (datetime(2026, 3, 1, 1, 30, tzinfo=timezone(timedelta(hours=5.5))), "2026-02-28T20:00:00Z"),
    ],
    ids=str,
)
def test_a_moment_is_written_in_utc(moment: datetime | None, written: str | None) -> None:
    assert stamp(moment) == written


def test_a_time_of_day_is_in_utc() -> None:
    assert clock(datetime(2026, 3, 1, 1, 30, 5, tzinfo=timezone(timedelta(hours=2)))) == "23:30:05Z"


@pytest.mark.parametrize(("seconds", "words"), [(12, "in ~12s"), (300, "in ~5m"), (0, "now"), (-60, "now")])
def test_an_estimate_is_ahead_or_now(seconds: int, words: str) -> None:
    assert until(NOON + timedelta(seconds=seconds), NOON) == words
