"""Every rule is decided by its own samples, and the tables behind the rules fit together."""

import re

import pytest

from cosictl.diagnosis.classify import classify
from cosictl.diagnosis.literals import alternatives
from cosictl.intake.redact import redact
from cosictl.knowledge.backend_codes import BACKEND_CODES, HTTP_STATUS, VERDICTS
from cosictl.knowledge.code_defaults import CODE_DEFAULTS
from cosictl.knowledge.message_rule import MessageRule
from cosictl.knowledge.messages import EXACT_RULES, LOOSE_RULES, TRANSPORT_RULES
from cosictl.model.failures import Cause, FixBy, GrpcCode

RULES = (*EXACT_RULES, *TRANSPORT_RULES, *LOOSE_RULES)
SAMPLES = [pytest.param(row, sample, id=f"{row.name}-{n}") for row in RULES for n, sample in enumerate(row.samples)]


@pytest.mark.parametrize(("row", "sample"), SAMPLES)
def test_a_sample_is_decided_by_its_rule(row: MessageRule, sample: str) -> None:
    found = classify(redact(sample))
    assert found.rule == row.name
    assert (found.cause, found.retryable, found.fix_by) == (row.cause, row.retryable, row.fix_by)
    assert sample[slice(*found.span)]


@pytest.mark.parametrize("row", RULES, ids=lambda row: row.name)
def test_a_rule_is_whole(row: MessageRule) -> None:
    assert row.samples
    assert row.source
    assert re.search(row.wording, "") is None
    if row.retryable:
        assert row.fix_by is FixBy.NOBODY
    if row.cause is Cause.INTERNAL_MASKED:
        assert row.retryable is None


def test_names_of_rules_are_unique() -> None:
    names = [row.name for row in RULES]
    assert len(names) == len(set(names))


def test_every_cause_has_a_usual_verdict_and_what_passes_needs_nobody() -> None:
    assert set(VERDICTS) == set(Cause)
    for cause, (retryable, fix_by) in VERDICTS.items():
        assert (retryable is True) == (fix_by is FixBy.NOBODY), cause


@pytest.mark.parametrize("code", BACKEND_CODES, ids=str)
def test_a_backend_code_decides_where_an_sdk_prints_it(code: str) -> None:
    row = BACKEND_CODES[code]
    found = classify(
        "rpc error: code = Internal desc = operation error S3: CreateBucket, https response error StatusCode: 400, "
        f"RequestID: 1, HostID: 2, api error {code}: said the backend"
    )
    assert found.backend_code == code
    if row.cause is not Cause.UNKNOWN:
        assert (found.cause, found.retryable) == (row.cause, row.retryable)


@pytest.mark.parametrize("code", [code for code in GrpcCode if code is not GrpcCode.OK], ids=str)
def test_a_code_alone_decides_where_the_words_say_nothing(code: GrpcCode) -> None:
    found = classify(f"rpc error: code = {code} desc = it said so")
    assert found.grpc_code is code
    assert found.retryable is CODE_DEFAULTS[code].retryable


def test_http_statuses_pass_or_last_as_their_class_does() -> None:
    for status, cause in HTTP_STATUS.items():
        if status in {408, 429, 500, 502, 503, 504}:
            assert VERDICTS[cause][0] is True, status
        elif status < 500 or status in {501, 507}:
            assert VERDICTS[cause][0] is not True, status


SHORT_FIRST = re.compile(r"[A-Za-z0-9]{1,2}(?![A-Za-z0-9?*+{])")
SHORT_LAST = re.compile(r"(?<![A-Za-z0-9\\\]?])[A-Za-z0-9]{1,2}$")


@pytest.mark.parametrize("row", RULES, ids=lambda row: row.name)
def test_a_short_word_at_an_end_of_a_wording_is_a_whole_word(row: MessageRule) -> None:
    """A name that ends in "no" and stands before "such host" says nothing about hosts."""
    parts = alternatives(row.wording)
    assert [part for part in parts if SHORT_FIRST.match(part) or SHORT_LAST.search(part)] == []
