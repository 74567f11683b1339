"""A recording of a real 1.36 API server, played again: the sandbox gives the same statuses, words and shapes."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox_server import ADMIN_TOKEN, VIEWER_TOKEN, Sandbox

TRANSCRIPT = Path(__file__).parent / "recorded" / "api-transcript.jsonl"
TOKENS = {"admin": ADMIN_TOKEN, "viewer": VIEWER_TOKEN, "nobody": None}

# The lines that differ, each with the reason. What was recorded must be the beginning of what the sandbox sends, and
# the test fails where there is nothing more than that.
LONGER = {
    "watch-initial-events": (
        "the bookmark that ends the initial events was not recorded; the sandbox sends it at once, for clients wait "
        "for it"
    ),
    "watch-from-rv": "the recording stops after six changes, long before the present",
}

PLACEHOLDERS = {
    "<uid>": re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "<rv>": re.compile(r"\d+"),
    "<time>": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"),
    "<continue>": re.compile(r"\S+"),
}


def fill(value: Any, saved: dict[str, str]) -> Any:
    text = json.dumps(value)
    for name, known in saved.items():
        text = text.replace("{{" + name + "}}", known)
    return json.loads(text)


def at(value: Any, path: str) -> Any:
    for key in path.split("."):
        value = value[key]
    return value


def words(text: str) -> str:
    """A message without what is different in every run."""
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<uid>", text)
    return re.sub(r"\b\d{3,}\b", "<number>", text)


def differences(path: str, recorded: Any, found: Any) -> list[str]:
    """Compare keys and types recursively, messages and reasons by their words, placeholders by their form."""
    if isinstance(recorded, dict) and isinstance(found, dict):
        missing = [f"{path}: no {key}" for key in recorded.keys() - found.keys()]
        surplus = [f"{path}: {key} too much" for key in found.keys() - recorded.keys()]
        inner = [
            d for key in recorded.keys() & found.keys() for d in differences(f"{path}.{key}", recorded[key], found[key])
        ]
        return sorted(missing + surplus) + inner
    if isinstance(recorded, list) and isinstance(found, list):
        if len(recorded) != len(found):
            return [f"{path}: {len(found)} items, not {len(recorded)}"]
        pairs = enumerate(zip(recorded, found, strict=True))
        return [d for place, (one, other) in pairs for d in differences(f"{path}[{place}]", one, other)]
    if type(recorded) is not type(found):
        return [f"{path}: {found!r}, not {recorded!r}"]
    if isinstance(recorded, str):
        return differ_in_text(path, recorded, found)
    return [] if recorded == found else [f"{path}: {found!r}, not {recorded!r}"]


# Texts that are this server's own.
OWN = re.compile(r"\.(gitVersion|gitCommit|goVersion|compiler|storageVersionHash|description|cells\[1\])$")


def differ_in_text(path: str, recorded: str, found: str) -> list[str]:
    form = PLACEHOLDERS.get(recorded)
    if form is not None:
        return [] if form.fullmatch(found) else [f"{path}: {found!r} is no {recorded}"]
    if OWN.search(path) or words(recorded) == words(found):
        return []
    return [f"{path}: {found!r}, not {recorded!r}"]


def play(sandbox: Sandbox, line: dict[str, Any], saved: dict[str, str]) -> list[str]:
    request = fill(line["request"], saved)
    headers = {"Accept": request["accept"]} if request["accept"] else {}
    if request["contentType"]:
        headers["Content-Type"] = request["contentType"]
    got = sandbox.ask(
        request["method"], request["path"], request["body"], token=TOKENS[request["who"]], headers=headers
    )
    if got.status != line["status"]:
        return [f"status {got.status}, not {line['status']}: {got.body[:300]!r}"]
    recorded = line["answer"]
    if isinstance(recorded, str):
        return differences("", recorded, got.body.decode())
    found = got.lines if isinstance(recorded, list) else got.json
    for name, path in request["save"].items():
        saved[name] = at(found, path)
    if line["name"] in LONGER:
        assert isinstance(recorded, list)
        if len(found) == len(recorded):
            return ["is as long as the recording: take it out of the table"]
        found = found[: len(recorded)]
    return differences("", recorded, found)


@pytest.fixture(scope="module")
def replayed() -> dict[str, list[str]]:
    saved: dict[str, str] = {}
    with Sandbox() as sandbox:
        lines = [json.loads(line) for line in TRANSCRIPT.read_text().splitlines()]
        # A watch with a time limit ends by itself; the recorded seconds would only be waited for.
        for line in lines:
            line["request"]["path"] = line["request"]["path"].replace("timeoutSeconds=2", "timeoutSeconds=1")
        return {line["name"]: play(sandbox, line, saved) for line in lines}


def names() -> list[str]:
    return [json.loads(line)["name"] for line in TRANSCRIPT.read_text().splitlines()]


@pytest.mark.parametrize("name", names())
def test_every_recorded_request_is_answered_as_it_was(name: str, replayed: dict[str, list[str]]) -> None:
    assert replayed[name] == []


def test_the_transcript_is_whole() -> None:
    assert len(names()) == len(set(names())) == 86


def test_the_comparison_bites() -> None:
    recorded = {"a": "<uid>", "message": "found 17 of 12345", "items": [1]}
    same = {"a": "00000000-0000-0000-0000-000000000000", "message": "found 17 of 54321", "items": [1]}
    assert differences("", recorded, same) == []
    changes: list[dict[str, Any]] = [
        {"a": "x"},
        {"message": "found 18 of 12345"},
        {"items": []},
        {"items": ["1"]},
        {"more": 1},
    ]
    for change in changes:
        assert differences("", recorded, same | change)
    assert differences("", recorded, {"a": same["a"]})
