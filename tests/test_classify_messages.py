"""Messages of drivers and backends that no rule was made for: ``messages.jsonl``, one a line, with what they mean."""

import json
from pathlib import Path
from typing import Any

import pytest

from cosictl.diagnosis.classify import classify
from cosictl.intake.redact import redact
from cosictl.model.refs import Rpc

FILE = Path(__file__).with_name("messages.jsonl")
ROWS = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["text"][-50:])
def test_a_message_means_what_a_careful_reader_says(row: dict[str, Any]) -> None:
    found = classify(redact(row["text"]), rpc=Rpc(row["rpc"]) if row.get("rpc") else None)
    assert found.retryable is row["retryable"]
    assert row["cause"] in {None, found.cause.value}
