"""Hostile text made harmless: escaped, cut and wrapped by cells, and in every format something that parses again."""

import io
import json
import re
import sys
import unicodedata
from collections.abc import Callable
from itertools import pairwise
from typing import TextIO

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from cosictl.render.machine import dump_json, dump_jsonl, dump_yaml
from cosictl.render.safe import ELLIPSIS, clip, escape, wrap

# Default_Ignorable_Code_Point of the Unicode Character Database: what a screen shows as nothing at all. Without the
# variation selectors of the BMP, which emoji need, and the shorthand controls, which have a test of their own.
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff"
    "\uffa0\ufff0-\ufff8\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
EVERY_CHARACTER = "".join(map(chr, range(sys.maxunicode + 1)))


def harmful(text: str, *, but: str = "") -> list[str]:
    """The characters that must never reach a screen raw: controls, surrogates, separators, bidi, the invisible."""
    raw = {char for char in text if unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"}}
    return sorted((raw | set(INVISIBLE.findall(text))) - set(but))


# As an attacker would write it, and as the world does. Surrogates stand alone: two that fit are one character in JSON.
PIECES = st.sampled_from(
    [
        *("\x1b[31m", "\x1b]0;title\x07", "\x9b2J", "\x85", "\x00", "\x7f", "\r", "\n", "\t", "\\"),
        *("\u202e", "\u2066", "\u200b", "\u2028", "\ufeff", "\U000e0041", "\udcff", "\ud800."),
        *("[bold red]", "[/]", "[link=http://x]", ":smile:", "{name}", "- a: &b", "---", "~", "="),
        *("😀", "👩‍👩‍👧", "漢字", "漢字" * 60, "e\u0301", "x" * 300, "what a long story " * 20),
    ]
)
TEXT = st.builds(str.join, st.sampled_from(["", " "]), st.lists(st.one_of(PIECES, st.text(max_size=12)), max_size=5))
WIDTHS = st.integers(20, 200)


def test_every_harmful_character_is_spelled_out() -> None:
    assert len(harmful(EVERY_CHARACTER)) > 6000
    assert harmful(escape(EVERY_CHARACTER)) == []


def test_the_shorthand_controls_are_spelled_out() -> None:
    assert escape("\U0001bca0\U0001bca3") == "\\U0001bca0\\U0001bca3"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb\r\tc", "a\\nb\\r\\tc"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\x9b2J", "\\x9b2J"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\udcff", "\\udcff"),
        ("\U000e0041", "\\U000e0041"),
        ("[bold red] 😀 漢字 naïve", "[bold red] 😀 漢字 naïve"),
    ],
    ids=ascii,
)
def test_escapes_can_be_read_and_ordinary_text_stays(text: str, shown: str) -> None:
    assert escape(text) == shown


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("abcdef", 6, "abcdef"),
        ("abcdefg", 6, "abcde…"),
        ("abc   defg", 6, "abc…"),
        ("漢字漢", 6, "漢字漢"),
        ("漢字漢字", 6, "漢字…"),
        ("漢字漢字", 5, "漢字…"),
        ("abcdefg", 0, "abcdefg"),
    ],
)
def test_a_cut_counts_cells_and_says_that_it_cut(text: str, width: int, shown: str) -> None:
    assert clip(text, width) == shown


@given(TEXT, st.integers(1, 200))
def test_a_cut_text_fits_and_begins_like_the_whole(text: str, width: int) -> None:
    safe = escape(text)
    cut = clip(safe, width)
    assert cell_len(cut) <= width
    assert cut == safe or safe.startswith(cut.removesuffix(ELLIPSIS))


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("one two three", 0, ["- one two three"]),
        ("one two three", 9, ["- one two", "  three"]),
        ("one two three", 8, ["- one", "  two", "  three"]),
        ("漢字 漢字", 9, ["- 漢字", "  漢字"]),
        ("漢字 漢字", 11, ["- 漢字 漢字"]),
        ("one unbreakable two", 8, ["- one", "  unbreakable", "  two"]),
        ("", 8, ["- "]),
    ],
)
def test_a_text_breaks_at_blanks(text: str, width: int, lines: list[str]) -> None:
    assert wrap(text, width, "- ", "  ") == lines


@given(TEXT, WIDTHS)
def test_a_wrapped_text_loses_no_word_and_breaks_no_later_than_it_must(text: str, width: int) -> None:
    safe = escape(text)
    lines = wrap(safe, width)
    assert " ".join(lines).split() == safe.split()
    for line, following in pairwise(lines):
        assert cell_len(line) <= width or " " not in line
        assert cell_len(f"{line} {following.split()[0]}") > width


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXT, inner, max_size=3)),
    max_leaves=8,
)


def written(dump: Callable[[object, TextIO], None], value: object) -> str:
    stream = io.StringIO()
    dump(value, stream)
    assert harmful(stream.getvalue(), but="\n") == []
    return stream.getvalue()


@given(VALUES)
def test_any_value_reads_back_the_same_from_every_format(value: object) -> None:
    assert json.loads(written(dump_json, value)) == value
    assert yaml.safe_load(written(dump_yaml, value)) == value
    line = written(dump_jsonl, value)
    assert json.loads(line) == value
    assert line.count("\n") == 1


def test_json_is_laid_out_for_people() -> None:
    value: dict[str, object] = {"a": [{"b": [1, 2]}, "é"], "c": {"d": []}, "e": [], "f": {}}
    assert written(dump_json, value) == json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    assert written(dump_json, {}) == "{}\n"
