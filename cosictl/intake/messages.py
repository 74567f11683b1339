"""Failure texts as people hand them over: one a line, or one JSON object a line.

In: a line. Out: a message, or ``BadLineError`` with what is wrong with the line.
"""

import json
from enum import StrEnum
from typing import Any, TypeVar

import msgspec

from cosictl.intake.lenient import CONTENT_ERRORS
from cosictl.model.failures import Carrier
from cosictl.model.refs import Api, Rpc

W = TypeVar("W", bound=StrEnum)


class BadLineError(ValueError):
    """The line is no JSON object with a text; says why."""


class Message(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One failure text as it was given; ``id`` is any JSON value that the caller knows it by."""

    text: str
    id: Any = None
    rpc: Rpc | None = None
    carrier: Carrier | None = None
    api: Api | None = None


_LINES = msgspec.json.Decoder(Message)


def message_of(line: bytes) -> Message:
    """Read one line of JSON; a hint whose word we do not know is none."""
    try:
        return _LINES.decode(line)
    except CONTENT_ERRORS:
        return _leniently(line)


def _leniently(line: bytes) -> Message:
    try:
        value = json.loads(line.decode("utf-8", "replace"))
    except json.JSONDecodeError as error:
        raise BadLineError(f"is no JSON: {error.msg}") from None
    except (ValueError, RecursionError):
        raise BadLineError("is no JSON: it is nested too deeply or holds a bad number") from None
    if not isinstance(value, dict) or not isinstance(value.get("text"), str):
        raise BadLineError("is no JSON object with a text")
    return Message(
        text=value["text"],
        id=value.get("id"),
        rpc=_member(Rpc, value.get("rpc")),
        carrier=_member(Carrier, value.get("carrier")),
        api=_member(Api, value.get("api")),
    )


def _member(words: type[W], value: object) -> W | None:
    return next((word for word in words if word.value == value), None)
