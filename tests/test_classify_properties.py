"""No text makes the classifier raise, and every answer obeys the conventions of the labels."""

from hypothesis import given
from hypothesis import strategies as st

from cosictl.diagnosis.classify import classify
from cosictl.diagnosis.unwrap import unwrap
from cosictl.intake.redact import redact
from cosictl.knowledge.backend_codes import BACKEND_CODES
from cosictl.knowledge.messages import ALL_RULES
from cosictl.model.failures import Cause, Classification, FixBy, GrpcCode
from cosictl.model.refs import Rpc

SAMPLES = st.sampled_from([sample for row in ALL_RULES for sample in row.samples])
STATUSES = st.builds("rpc error: code = {} desc = ".format, st.sampled_from([code.value for code in GrpcCode]))
CODES = st.builds("{}: ".format, st.sampled_from(sorted(BACKEND_CODES)))
NOISE = st.text(max_size=40)
QUOTES = st.sampled_from(['"', "'", "\\", "\n", "\x1b[31m", "\u202e", "(combined from similar events): ", "<Code>"])
MESSAGES = st.lists(st.one_of(SAMPLES, STATUSES, CODES, NOISE, QUOTES), max_size=6).map("".join)


def obeys_the_conventions(found: Classification, text: str) -> None:
    start, end = found.span
    assert 0 <= start <= end <= len(text)
    if found.retryable is True:
        assert found.fix_by is FixBy.NOBODY
    if found.cause is Cause.INTERNAL_MASKED:
        assert found.retryable is None
    if found.done:
        assert (found.cause, found.retryable) == (Cause.NOT_FOUND, False)
    assert found.rule


@given(MESSAGES, st.sampled_from([None, *Rpc]))
def test_any_message_gets_an_answer_that_obeys_the_conventions(text: str, rpc: Rpc | None) -> None:
    found = classify(text, rpc=rpc)
    obeys_the_conventions(found, text)
    assert found == classify(text, rpc=rpc)


@given(st.text())
def test_any_text_gets_an_answer(text: str) -> None:
    obeys_the_conventions(classify(redact(text)), redact(text))


@given(MESSAGES)
def test_masking_keeps_every_position(text: str) -> None:
    assert len(unwrap(text).masked) == len(text)


@given(st.text(alphabet=st.characters(blacklist_characters="\"'\\\n", blacklist_categories=["C"]), max_size=60))
def test_nothing_in_quotes_turns_a_refusal_around(words: str) -> None:
    assert classify(f"rpc error: code = InvalidArgument desc = parameter '{words}' is wrong").retryable is not True
