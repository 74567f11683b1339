"""The labelled messages of real drivers that lie beside a checkout: how often the classifier is right."""

import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cosictl.diagnosis.classify import classify
from cosictl.intake.redact import redact
from cosictl.model.failures import Classification
from cosictl.model.refs import Rpc

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus" / "recorded-errors.jsonl"
pytestmark = pytest.mark.skipif(not CORPUS.is_file(), reason="the corpus of labelled messages is not beside this tree")
RIGHT_AT_LEAST = 0.97
CONFIDENTLY_WRONG_AT_MOST = 0.01


@cache
def judged() -> list[tuple[dict[str, Any], Classification]]:
    rows = [json.loads(line) for line in CORPUS.read_text(encoding="utf-8").splitlines()]
    return [(row, classify(redact(row["text"]), rpc=Rpc(row["rpc"]) if row["rpc"] else None)) for row in rows]


def say(words: str) -> None:
    sys.stdout.write(f"\ncorpus: {words}\n")


def share(hits: list[bool]) -> float:
    return sum(hits) / len(hits)


def test_retryable_is_right_and_almost_never_confidently_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    right = share([found.retryable is row["retryable"] for row, found in judged()])
    opposite = share([{row["retryable"], found.retryable} == {True, False} for row, found in judged()])
    with capsys.disabled():
        say(f"{len(judged())} messages, retryable right {right:.2%}, confidently wrong {opposite:.2%}")
    assert right >= RIGHT_AT_LEAST
    assert opposite <= CONFIDENTLY_WRONG_AT_MOST


@pytest.mark.parametrize("field", ["cause", "fix_by", "grpc_code", "backend_code", "code_mismatch", "done"])
def test_the_other_labels_are_right_as_often(field: str, capsys: pytest.CaptureFixture[str]) -> None:
    missing = False if field in {"code_mismatch", "done"} else None
    right = share([getattr(found, field) == row.get(field, missing) for row, found in judged()])
    with capsys.disabled():
        say(f"{field} right {right:.2%}")
    assert right >= RIGHT_AT_LEAST


def test_no_planted_secret_survives_masking() -> None:
    survivors = [
        (row["id"], secret) for row, _ in judged() for secret in row.get("secrets", ()) if secret in redact(row["text"])
    ]
    assert survivors == []
