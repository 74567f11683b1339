"""What makes classification fast changes no answer: texts made alike, and patterns that are not asked."""

import json
import re
import tracemalloc
from itertools import chain, zip_longest
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cosictl.diagnosis.alike import Blanking
from cosictl.diagnosis.classify import classify, classify_all
from cosictl.diagnosis.literals import LiteralIndex, alternatives
from cosictl.diagnosis.meaning import blanking, meaning_of, telling_runs
from cosictl.intake.redact import redact
from cosictl.knowledge.messages import ALL_RULES
from cosictl.model.refs import Rpc

CORPUS: Final = Path(__file__).parents[2] / "shared" / "corpus" / "recorded-errors.jsonl"
SAMPLES: Final = [sample for rule in ALL_RULES for sample in rule.samples]
BLANKING: Final = blanking()
INDEX: Final = LiteralIndex([rule.wording for rule in ALL_RULES], re.IGNORECASE)
WORDS: Final = st.sampled_from(
    [word for sample in SAMPLES for word in sample.split(" ")]
    + ["00000", "deadbeef", "12ab", "403", "[404]", "9bc130dd-0325-4951-842c-3f5856135121", "K", "\u017f", "é", "'x y'"]
)
TEXTS: Final = st.lists(WORDS, max_size=30).map(" ".join)


def alike(text: str) -> str:
    """The text that its key stands for: with what no pattern can look at blanked out."""
    key = BLANKING.keys([text])[0]
    if isinstance(key, str):
        return key
    words, between = key
    pairs = zip_longest(re.split(rb"x+", between), words.split(), fillvalue=b"")
    return b"".join(chain.from_iterable(pairs)).decode()


def matching(text: str) -> set[int]:
    return {place for place, rule in enumerate(ALL_RULES) if re.search(rule.wording, text, re.IGNORECASE)}


@pytest.mark.parametrize("text", SAMPLES)
def test_every_rule_that_matches_its_sample_is_worth_asking(text: str) -> None:
    assert matching(text) <= INDEX.worth(text.lower()).keys()


@given(TEXTS)
def test_no_rule_that_matches_is_left_out(text: str) -> None:
    worth = INDEX.worth(text.lower())
    assert matching(text) <= worth.keys()
    for place in matching(text):
        whole = re.search(ALL_RULES[place].wording, text, re.IGNORECASE)
        spans = [found.span() for part in worth[place] if (found := part.search(text)) is not None]
        assert whole is not None
        assert min(spans, key=lambda span: span[0]) == whole.span()


def test_few_rules_are_worth_asking() -> None:
    text = "rpc error: code = internal desc = something that nobody has a rule for"
    assert len(INDEX.worth(text)) <= 3
    assert len(INDEX.worth(text + " é")) == len(ALL_RULES)


@pytest.mark.parametrize(
    ("pattern", "parts"),
    [
        ("a|b", ["a", "b"]),
        ("(a|b)c|d", ["(a|b)c", "d"]),
        (r"a\|b|[|)]c|\(", [r"a\|b", "[|)]c", r"\("]),
        ("plain", ["plain"]),
    ],
)
def test_a_pattern_is_cut_at_its_outer_bars(pattern: str, parts: list[str]) -> None:
    assert alternatives(pattern) == parts


@given(TEXTS, st.sampled_from([None, *Rpc]))
def test_what_is_remembered_is_what_would_be_judged(text: str, rpc: Rpc | None) -> None:
    assert classify(text, rpc=rpc) == meaning_of(text, rpc)


@given(st.lists(st.tuples(TEXTS, st.sampled_from([None, *Rpc])), max_size=5))
def test_texts_together_are_judged_as_one_by_one(asked: list[tuple[str, Rpc | None]]) -> None:
    texts, rpcs = [text for text, _ in asked], [rpc for _, rpc in asked]
    assert classify_all(texts, rpcs) == [meaning_of(text, rpc) for text, rpc in asked]


@pytest.mark.parametrize(
    ("text", "blanked"),
    [
        ("bucket photos-17 not found", "bucket aaaaaa-00 not found"),
        ("web-7k2p9 and web-x7k2p9, web-00042", "aaa-00aa0 and aaa-a0aaa0, aaa-00000"),
        ("team-photos-eu and my_photos-eu", "aaa-aaaaaaa-eu and my_aaaaaa-eu"),
        ("bucket-9bc130dd-0325-4951-842c-3f5856135121 gone", "bucket-00000000-0000-0000-0000-000000000000 gone"),
        ("RequestID: 4442587FB7D0A2F9, 403", "RequestID: 00aaaaaaaaaaaaa0, 403"),
        ("port 9000, code = Code(12), took 15ms", "port 0000, code = Code(12), aaaa 00ms"),
        ("x509: face off, v1alpha1, sha256, S3", "x509: aaaa aaa, a0aaaaa0, sha000, S3"),
        ("user walrus7x of tenant zork: AccessDenied", "user a0aaaaaa of tenant aaaa: AccessDenied"),
        ("dial tcp 10.51.142.10:9440: timeout after 37 tries", "dial tcp 000.000.00.0:0000: timeout after 37 aaaaa"),
        ("status code: 403, took 250ms, x509, Code(12)", "status code: 403, aaaa 000ms, x509, Code(12)"),
        ("dial tcp minio-7.zork.svc.cluster.local:9000: x", "dial tcp minio-0.aaaa.aaa.aaaaaaa.local:0000: x"),
        ("walrus-local at walrus-local.local:1", "aaaaaa-local at aaaaaa-local.local:1"),
        ("10.51.142.10.local version 1.21.7 at eu.zork.io", "10.51.142.10.local aaaaaaa 1.21.7 at eu.aaaa.io"),
        ('{"a":"walrus","b":["zork","AccessDenied"]}', '{"a":"aaaaaa","b":["aaaa","AccessDenied"]}'),
        ("403-walrus 4031-walrus-403 walrus_403", "403-aaaaaa 0000-aaaaaa-000 aaaaaa_000"),
        ("some  blanks\tand a walrus\n zork ", "aaaa  aaaaaa\tand a aaaaaa\n aaaa "),
        ("NoSuchBucket tx00000a1b on ec2", "NoSuchBucket tx00000a1b on ec2"),
        ("walrus \u201cwalrus\u201d", "walrus \u201cwalrus\u201d"),
        ("\x1b[31mwalrus", "\x1b[31mwalrus"),
    ],
)
def test_what_no_rule_can_look_at_is_made_alike(text: str, blanked: str) -> None:
    assert alike(text) == blanked


def test_what_a_word_becomes_does_not_depend_on_what_was_seen_before() -> None:
    names = [f"{sample} {sample.swapcase()} {place}-walrus" for place, sample in enumerate(SAMPLES)]
    together, alone = Blanking(telling_runs()), Blanking(telling_runs())
    assert [*reversed(together.keys([*reversed(names)]))] == [alone.keys([name])[0] for name in names]


@given(TEXTS, TEXTS)
def test_two_texts_have_one_key_where_they_are_alike(one: str, other: str) -> None:
    for text in (other, one.swapcase(), one.replace("0", "1"), one.replace("e", "i"), one.replace(" ", "_")):
        first, second = BLANKING.keys([one, text])
        assert (first == second) is (alike(one) == alike(text))
        assert BLANKING.keys([text]) == [second]


def test_a_code_that_nobody_knows_is_told_as_it_is_in_each_text() -> None:
    texts = [f"api error {code}: no {other}" for code in ("WalrusZork", "MumblePlop") for other in ("WalrusZork", "x")]
    found = classify_all([*texts, *texts], [None] * 8)
    assert len({alike(text) for text in texts}) == 2
    assert [one.backend_code for one in found] == ["WalrusZork", "WalrusZork", "MumblePlop", "MumblePlop"] * 2


def test_of_ever_new_words_no_more_than_so_many_are_remembered() -> None:
    tracemalloc.start()
    try:
        for start in range(0, 200_000, 1000):
            BLANKING.keys([f"bucket {number:x}{'y' * 500} {number:o}-z" for number in range(start, start + 200)])
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 8_000_000


NAMES: Final = st.one_of(
    st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=12),
    st.from_regex(r"[a-z]{2,7}-[a-z0-9]{2,7}-[0-9]{1,4}", fullmatch=True),
    st.from_regex(r"[A-Z][a-z]{2,6}[A-Z][a-z]{2,6}", fullmatch=True),
    st.integers(0, 99_999).map(str),
    st.ip_addresses(v=4).map(str),
)


@given(st.sampled_from(SAMPLES), st.lists(st.tuples(st.integers(0, 40), NAMES), max_size=4))
def test_a_text_with_other_names_is_judged_by_what_is_left(sample: str, names: list[tuple[int, str]]) -> None:
    words = sample.split(" ")
    for place, name in names:
        words.insert(place, name)
    text = " ".join(words)
    assert len(alike(text)) == len(text)
    assert classify(text) == meaning_of(text, None)


@pytest.mark.parametrize("text", SAMPLES)
def test_a_sample_keeps_every_word_that_decides(text: str) -> None:
    found, again = meaning_of(text, None), meaning_of(alike(text), None)
    assert (found.rule, found.span, found.retryable) == (again.rule, again.span, again.retryable)


@pytest.mark.skipif(not CORPUS.exists(), reason="the corpus is not there")
def test_the_corpus_is_judged_the_same_with_other_ids() -> None:
    for line in CORPUS.read_text(encoding="utf-8").splitlines():
        text = redact(json.loads(line)["text"])
        found = meaning_of(text, None)
        again = meaning_of(alike(text), None)
        assert (found.rule, found.span, found.retryable) == (again.rule, again.span, again.retryable)
