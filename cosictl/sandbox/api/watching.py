"""A watch as a stream of lines: changes, bookmarks, and an ERROR where the past is forgotten."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from typing import Any, Final

from aiohttp import web

from cosictl.model.copying import replace
from cosictl.sandbox.api.answers import headers
from cosictl.sandbox.api.changelog import Entry
from cosictl.sandbox.api.listing import ListOptions
from cosictl.sandbox.api.negotiation import Form, Show, bookmark, one
from cosictl.sandbox.api.paths import Target
from cosictl.sandbox.api.refusals import status_of
from cosictl.sandbox.api.store import Store
from cosictl.sandbox.ports import ApiError, Json

# Seconds of the wall: a real server ends a watch after 30 to 60 minutes and sends a bookmark once a minute.
_LONGEST: Final = 1800.0
_BOOKMARK_EVERY: Final = 60.0
_BOOKMARK_BEFORE_END: Final = 2.0

Selected = Callable[[Json], bool]


class Watching:
    """One watch, from its request to its end."""

    def __init__(self, store: Store, target: Target, options: ListOptions, show: Show) -> None:
        self._store = store
        self._target = target
        self._options = options
        self._show = show
        self._headed = True
        self._selected = store.selected(target.row.resource, labels=options.labels, fields=options.fields)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Stream until the time is up, the client goes or the past is forgotten."""
        response = web.StreamResponse(headers=headers(self._store.clock))
        response.content_type = "application/json"
        response.enable_chunked_encoding()
        await response.prepare(request)
        try:
            await self._stream(response)
            await response.write_eof()
        except ConnectionResetError:
            # The client has gone, which is how watches usually end.
            return response
        return response

    async def _stream(self, response: web.StreamResponse) -> None:
        resource, namespace = self._target.row.resource, self._target.namespace
        initial = self._options.initial
        if initial is None:
            initial = self._options.version in {"", "0"}
        try:
            since = "" if initial or self._options.version in {"", "0"} else self._options.version
            entries = self._store.follow(resource, namespace, since=since)
        except ApiError as error:
            await _send(response, "ERROR", status_of(error))
            return
        async with aclosing(entries):
            if initial:
                await self._send_all(response)
            if self._options.initial and self._options.bookmarks:
                await self._send_bookmark(response, initial_end=True)
            await self._send_changes(response, entries)

    async def _send_all(self, response: web.StreamResponse) -> None:
        resource, options = self._target.row.resource, self._options
        found, _ = self._store.list(resource, self._target.namespace, labels=options.labels, fields=options.fields)
        for value in found:
            await self._send_object(response, "ADDED", value)

    async def _send_changes(self, response: web.StreamResponse, entries: AsyncGenerator[Entry, None]) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + (self._options.timeout or _LONGEST)
        due = _next_bookmark(loop.time(), end)
        coming = asyncio.ensure_future(anext(entries))
        try:
            while True:
                wake = min(end, due) if self._options.bookmarks else end
                done, _ = await asyncio.wait({coming}, timeout=max(0.0, wake - loop.time()))
                if done:
                    await self._send_entry(response, coming.result())
                    coming = asyncio.ensure_future(anext(entries))
                elif loop.time() >= end:
                    return
                else:
                    await self._send_bookmark(response, initial_end=False)
                    due = _next_bookmark(loop.time(), end)
        except ApiError as error:
            await _send(response, "ERROR", status_of(error))
        finally:
            coming.cancel()
            await asyncio.wait({coming})

    async def _send_entry(self, response: web.StreamResponse, entry: Entry) -> None:
        """Send a change; an object that comes into the selection is ADDED, one that leaves it DELETED."""
        row = self._target.row
        value = json.loads(entry.object)
        now = self._selected(value) and entry.type != "DELETED"
        before = entry.before is not None and self._selected(json.loads(entry.before))
        if now or before:
            kind = "DELETED" if not now else "MODIFIED" if before else "ADDED"
            await self._send_object(response, kind, self._store.shown(row.resource, value))

    async def _send_object(self, response: web.StreamResponse, kind: str, value: Json) -> None:
        show = replace(self._show, now=self._store.clock.now())
        await _send(response, kind, one(self._target.row, value, show, headed=self._headed))
        self._headed = False

    async def _send_bookmark(self, response: web.StreamResponse, *, initial_end: bool) -> None:
        value = bookmark(self._target.row.resource, self._store.version, initial_end=initial_end)
        if self._show.form is not Form.PLAIN:
            value = one(self._target.row, value, self._show, headed=False)
        await _send(response, "BOOKMARK", value)


def _next_bookmark(now: float, end: float) -> float:
    """Return when the next bookmark is due: once a minute, and shortly before the end."""
    last = end - _BOOKMARK_BEFORE_END
    return min(now + _BOOKMARK_EVERY, last) if last > now else now + _BOOKMARK_EVERY


async def _send(response: web.StreamResponse, kind: str, value: Mapping[str, Any]) -> None:
    line = json.dumps({"type": kind, "object": value}, separators=(",", ":"), ensure_ascii=False)
    await response.write(line.encode() + b"\n")
