"""HTTP answers as the API server gives them: JSON, no caching, and the sandbox's own time in the Date header."""

import json
from collections.abc import Mapping
from email.utils import format_datetime

from aiohttp import web

from cosictl.sandbox.api.refusals import status_of
from cosictl.sandbox.clock import Clock
from cosictl.sandbox.ports import ApiError, Json


def headers(clock: Clock) -> dict[str, str]:
    """Return the headers of every answer."""
    return {"Cache-Control": "no-cache, private", "Date": format_datetime(clock.now(), usegmt=True)}


def answer(clock: Clock, body: Json, *, status: int = 200, extra: Mapping[str, str] | None = None) -> web.Response:
    """Return an answer in JSON."""
    text = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
    return web.Response(
        body=text, status=status, content_type="application/json", headers=headers(clock) | dict(extra or {})
    )


def text_answer(clock: Clock, text: str | bytes, *, status: int = 200) -> web.Response:
    """Return an answer in plain text."""
    body = text.encode() if isinstance(text, str) else text
    return web.Response(body=body, status=status, content_type="text/plain", headers=headers(clock))


def refusal(clock: Clock, error: ApiError, *, extra: Mapping[str, str] | None = None, token: str = "") -> web.Response:
    """Return a refusal as a Status; ``token`` is where an expired list may go on."""
    body = status_of(error)
    if token:
        body["metadata"] = {"continue": token}
    return answer(clock, body, status=error.code, extra=extra)
