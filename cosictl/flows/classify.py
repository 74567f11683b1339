"""Classify: one failure text after the other, masked first, nothing kept."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeVar

from cosictl.diagnosis.classify import classify
from cosictl.errors import CosictlError
from cosictl.intake.redact import redact
from cosictl.model.failures import Carrier, Classification
from cosictl.model.refs import Api, Rpc

# klog writes a value of several lines as key=<, the lines with a tab before each, and " >" (klog serialize).
_BLOCK_OPENS: Final = "=<"
_BLOCK_CLOSES: Final = " >"
# A block that never closes must not swallow the rest of a log.
_BLOCK_LINES: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One failure text as it was given; ``id`` is any JSON value that the caller knows it by."""

    text: str
    id: object = None
    rpc: Rpc | None = None
    carrier: Carrier | None = None
    api: Api | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Classified:
    """One failure text, masked, and what it means."""

    entry: Entry
    classification: Classification


def classify_lines(lines: Iterable[str], *, is_json: bool, origin: str) -> Iterator[Classified]:
    """Yield the classification of every message as soon as its line is there; blank lines are none.

    ``is_json``: each line is a JSON object. ``origin`` names the input in errors. Raises CosictlError, naming the
    line, where one is no object with a text.
    """
    entries = _from_json(lines, origin) if is_json else _from_text(lines)
    for entry in entries:
        masked = redact(entry.text)
        yield Classified(
            entry=Entry(text=masked, id=entry.id, rpc=entry.rpc, carrier=entry.carrier, api=entry.api),
            classification=classify(masked, rpc=entry.rpc, carrier=entry.carrier, api=entry.api),
        )


def _from_text(lines: Iterable[str]) -> Iterator[Entry]:
    block: list[str] = []
    for raw in lines:
        line = raw.rstrip("\r\n")
        if block or line.endswith(_BLOCK_OPENS):
            block.append(line)
            if len(block) < _BLOCK_LINES and not (len(block) > 1 and line.startswith(_BLOCK_CLOSES)):
                continue
            line, block = "\n".join(block), []
        if line.strip():
            yield Entry(text=line)
    if block:
        yield Entry(text="\n".join(block))


def _from_json(lines: Iterable[str], origin: str) -> Iterator[Entry]:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield _entry(line, f"{origin}, line {number}")


def _entry(line: str, where: str) -> Entry:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        reason = (
            error.msg if isinstance(error, json.JSONDecodeError) else "it is nested too deeply or holds a bad number"
        )
        raise _bad_line(f"{where}: is no JSON: {reason}") from None
    if not isinstance(value, dict) or not isinstance(value.get("text"), str):
        raise _bad_line(f"{where}: is no JSON object with a text")
    return Entry(
        text=value["text"],
        id=value.get("id"),
        rpc=_member(Rpc, value.get("rpc")),
        carrier=_member(Carrier, value.get("carrier")),
        api=_member(Api, value.get("api")),
    )


def _bad_line(what: str) -> CosictlError:
    step = 'write one object a line, like {"id": "1", "text": "…"}, or use --input text'
    return CosictlError(what, next_step=step)


_Word = TypeVar("_Word", bound=StrEnum)


def _member(words: type[_Word], value: object) -> _Word | None:
    """Return the word of a closed vocabulary; one we do not know is no hint."""
    return next((word for word in words if word.value == value), None)
