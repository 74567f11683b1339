"""Texts of one wording: what is looked at of them, and that keys say no less than those of whole texts."""

from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cosictl.diagnosis.alike import Key
from cosictl.diagnosis.meaning import blanking
from cosictl.diagnosis.wordings import Wordings


class Asked:
    """Gives keys, and remembers for what."""

    def __init__(self) -> None:
        self.parts: list[str] = []

    def __call__(self, parts: Sequence[str]) -> list[Key]:
        self.parts = [*parts]
        return blanking().keys(parts)


def middles(*texts: str, of: Wordings | None = None) -> list[str]:
    """What is looked at of each text, once the wordings of all are known."""
    asked = Asked()
    (of or Wordings()).keys(texts, asked)
    return asked.parts


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("create bucket walrus: no", "create bucket mumble: no", ["walrus", "mumble"]),
        ("create bucket walrus-1", "create bucket walrus-2", ["walrus-1", "walrus-2"]),
        ("create bucket walrus", "create bucket wombus", ["walrus", "wombus"]),
        ("create bucket zork/walrus", "create bucket zork/mumble", ["walrus", "mumble"]),
        (
            "took more than 15000 ms, id walrus: no",
            "took more than 17000 ms, id mumble: no",
            ["15000 ms, id walrus", "17000 ms, id mumble"],
        ),
        # Nothing in common that is long enough to look it up by, or nothing that differs.
        ("walrus: no such bucket", "mumble: no such bucket", ["walrus: no such bucket", "mumble: no such bucket"]),
        ("walrus", "mumble", ["walrus", "mumble"]),
        ("create bucket walrus", "create bucket walrus", ["create bucket walrus", "create bucket walrus"]),
        # No two texts of one meaning.
        ("create bucket walrus", "create bucket quota", ["create bucket walrus", "create bucket quota"]),
    ],
)
def test_only_what_differs_is_looked_at(one: str, other: str, expected: list[str]) -> None:
    assert middles(one, other) == expected


def test_a_wording_is_known_to_texts_that_come_later() -> None:
    wordings = Wordings()
    assert middles("create bucket walrus: no", "create bucket mumble: no", of=wordings) == ["walrus", "mumble"]
    assert middles("create bucket quota exceeded: no", of=wordings) == ["quota exceeded"]
    assert middles("create bucket : no", of=wordings) == ["create bucket : no"]
    assert middles("create bucket walrus: not", of=wordings) == ["create bucket walrus: not"]


def test_a_wider_wording_takes_the_place_of_narrower_ones() -> None:
    wordings = Wordings()
    for owner in ("zork", "plop"):
        middles(f"create bucket {owner}/walrus: no", f"create bucket {owner}/mumble: no", of=wordings)
    assert middles("create bucket zork/wombat: no", of=wordings) == ["wombat"]
    middles("create bucket acme/walrus: no", "create bucket blip/mumble: no", of=wordings)
    assert middles("create bucket zork/wombat: no", of=wordings) == ["zork/wombat"]


def test_of_a_sorted_file_the_wording_is_no_narrower() -> None:
    texts = [f"create bucket {owner}/{name}: no" for owner in ("zork", "plop") for name in ("walrus", "mumble")]
    assert middles(*texts) == ["zork/walrus", "zork/mumble", "plop/walrus", "plop/mumble"]


def test_where_most_texts_are_of_no_wording_none_are_looked_for_in_a_while() -> None:
    known = [f"create bucket {name}: no" for name in ("walrus", "mumble")]
    unknown = [f"{word} has failed" for word in ("quota", "limit", "user")]
    wordings = Wordings()
    assert middles(*known, *unknown[:2], of=wordings) == ["walrus", "mumble", *unknown[:2]]
    assert middles(*known, *unknown, of=wordings) == ["walrus", "mumble", *unknown]
    for _ in range(32):
        assert middles(*known, of=wordings) == known
    assert middles(known[0], of=wordings) == known[:1]
    assert middles(*known, of=Wordings()) == ["walrus", "mumble"]


def test_texts_of_two_wordings_have_two_keys() -> None:
    texts = [f"{begin} the bucket {name}" for begin in ("create", "delete") for name in ("walrus", "mumble")]
    keys = Wordings().keys(texts, blanking().keys)
    assert [keys[0], keys[2]] == [keys[1], keys[3]]
    assert keys[0] != keys[2]


# Words of two letters are never taken for names.
HEADS = [f"{one}{other} begins with its own" for one in "abcdefghijklmnopqrst" for other in "abcdefghijklmnopqrst"]
NAMES = ("walrus", "mumble")


def test_wordings_are_remembered_up_to_some_number() -> None:
    of_heads = middles(*(f"{head} {name}" for head in HEADS for name in NAMES))
    of_one_head = middles(*(f"one begin and {place * 'of '}these {name}" for place in range(40) for name in NAMES))
    assert sum(middle in NAMES for middle in of_heads) == 2 * 256
    assert sum(middle in NAMES for middle in of_one_head) == 2 * 8
    assert len(of_heads) == 2 * len(HEADS)


WORDS = st.sampled_from(
    [
        "create bucket",
        "rpc error: code = Internal desc =",
        "walrus",
        "mumble",
        "photos-17",
        "zork/photos-4",
        "10.0.0.1:9",
        "quota",
        "403",
        "é",
        "\x1b[",
        "\0",
        "bucket-9bc130dd-0325-4951-842c-3f5856135121",
        ":",
        "_",
        " ",
    ]
)
TEXTS = st.lists(st.lists(WORDS, max_size=6).map(" ".join), max_size=8)


@given(TEXTS, TEXTS)
@example(
    ["create bucket walrus\x1b[", "create bucket mumble\x1b["], ["create bucket \x1b[mwalrus", "create bucket mumble"]
)
def test_texts_of_one_key_have_one_key_as_a_whole(known: list[str], texts: list[str]) -> None:
    wordings = Wordings()
    wordings.keys(known, blanking().keys)
    keys, whole = wordings.keys(texts, blanking().keys), blanking().keys(texts)
    assert len({*zip(keys, whole, strict=True)}) == len({*keys})
