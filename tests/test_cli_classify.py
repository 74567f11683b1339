"""``cosictl classify``: where messages come from, and how answers look."""

import json
from pathlib import Path
from typing import Any

from cosictl.flows.classify import classify_lines
from tests.cli_process import cosictl, in_terminal

DENIED = "rpc error: code = Internal desc = AccessDenied: Access Denied"
FIELDS = {
    *("retryable", "grpc_code", "backend_code", "cause", "fix_by", "code_mismatch", "done", "rule", "span"),
}


def rows(*words: str, stdin: str | bytes = "") -> list[dict[str, Any]]:
    done = cosictl("classify", "-o", "jsonl", *words, stdin=stdin)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_every_way_in_gives_the_same_answer(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text(DENIED + "\n")
    answers = [
        rows(DENIED),
        rows("-f", str(path)),
        rows("-f", "-", stdin=DENIED),
        rows("-", stdin=DENIED),
        rows(stdin=DENIED + "\r\n\n   \n"),
        rows("--input", "jsonl", stdin=json.dumps({"text": DENIED})),
    ]
    assert all(answer == answers[0] for answer in answers)
    assert set(answers[0][0]) == FIELDS
    assert answers[0][0]["cause"] == "permission"
    assert answers[0][0]["code_mismatch"] is True


def test_ids_are_carried_through_and_hints_are_used() -> None:
    text = "rpc error: code = NotFound desc = no such bucket"
    given = [
        {"id": 7, "text": text, "rpc": "DriverDeleteBucket", "carrier": "event", "api": "v1alpha1"},
        {"id": "b", "text": text, "rpc": "DriverGrantBucketAccess", "carrier": None, "api": "v9"},
    ]
    found = rows("--input", "jsonl", stdin="\n".join(json.dumps(one) for one in given))
    assert [row["id"] for row in found] == [7, "b"]
    assert [row["done"] for row in found] == [True, False]


def test_json_is_one_document_and_empty_input_an_empty_one() -> None:
    done = cosictl("classify", "-o", "json", "a", DENIED)
    assert [row["cause"] for row in json.loads(done.stdout)] == ["unknown", "permission"]
    none = cosictl("classify", "-o", "json", stdin="")
    assert (none.returncode, json.loads(none.stdout)) == (0, [])
    assert none.stderr == "cosictl: nothing to classify: the input is empty\n"


def test_the_table_has_a_line_for_each_message() -> None:
    done = cosictl("classify", DENIED, "something else")
    assert done.stdout.splitlines()[0].startswith("RETRYABLE")
    assert len(done.stdout.splitlines()) == 3
    assert len(cosictl("classify", "--no-headers", DENIED).stdout.splitlines()) == 1


def test_secrets_are_masked_before_anything_is_shown() -> None:
    done = cosictl("classify", "SignatureDoesNotMatch secretAccessKey=wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY")
    assert "wJalr" not in done.stdout + done.stderr
    assert "***" in done.stdout


def test_invalid_utf8_and_control_characters_do_no_harm() -> None:
    done = cosictl("classify", stdin=b"\xff\xfe\x1b[2J AccessDenied \xe2\x80\xae\n")
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    assert "\u202e" not in done.stdout


def test_a_block_of_klog_is_one_message() -> None:
    log = [
        'E1123 x.go:1] "Failed" err=<\n',
        "\trpc error: code = Internal\n",
        "\tAccessDenied\n",
        " > obj=1\n",
        "next\n",
    ]
    batches = classify_lines([[line.encode() for line in log]], is_json=False, origin="test")
    found = [item.message.text for batch in batches for item in batch]
    assert len(found) == 2
    assert found[0].endswith("AccessDenied\n > obj=1")
    assert found[1] == "next"


def test_a_block_that_never_closes_does_not_swallow_the_log() -> None:
    log = ["err=<\n", *["\tline\n"] * 2000]
    (batch,) = classify_lines([[line.encode() for line in log]], is_json=False, origin="test")
    assert len(batch) > 1000


def test_a_terminal_without_a_message_is_a_usage_error() -> None:
    code, seen = in_terminal("classify", columns=120)
    assert code == 2
    assert "nothing to classify; give a TEXT, -f FILE, or pipe something in" in seen


def test_half_a_letter_is_no_reason_to_stop() -> None:
    lines = (
        rb'{"id": "\ud800", "text": "\ud800 rpc error: code = NotFound desc = \udfff x"}',
        b'{"id": 2, "text": "x"}',
    )
    done = cosictl("classify", "--input", "jsonl", "-o", "jsonl", "-f", "-", stdin=b"\n".join(lines).decode())
    assert done.returncode == 0, done.stderr
    assert [json.loads(row)["grpc_code"] for row in done.stdout.splitlines()] == ["NotFound", None]
