"""Faults as they are done to requests: an aiohttp middleware around the API server."""

import asyncio
import socket
import struct
from collections.abc import Mapping

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from cosictl.sandbox.api.answers import refusal
from cosictl.sandbox.api.discovery import REVIEWS
from cosictl.sandbox.api.faults import DISCOVERY, REASONS, Fault, FaultKind, FaultPlan
from cosictl.sandbox.api.listing import forbidden_option, is_true
from cosictl.sandbox.api.paths import NoSuchPageError, Target, target_of
from cosictl.sandbox.api.refusals import EXPIRED_TOKEN, modified
from cosictl.sandbox.api.resources import Served
from cosictl.sandbox.clock import Clock
from cosictl.sandbox.ports import ApiError, Resource


def verb_of(request: web.Request, target: Target | None) -> str:
    """Return the Kubernetes verb of a request."""
    if target is None:
        return "create" if request.path in REVIEWS else "get"
    match request.method:
        case "GET" | "HEAD":
            if target.name:
                return "get"
            return "watch" if is_true(request.query, "watch") else "list"
        case "POST":
            return "create"
        case "PUT":
            return "update"
        case "PATCH":
            return "patch"
        case "DELETE":
            return "delete" if target.name else "deletecollection"
        case other:
            return other.lower()


def sabotaged(plan: FaultPlan, rows: Mapping[Resource, Served], clock: Clock) -> Middleware:
    """Return the middleware that does to requests what the plan says."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            target: Target | None = target_of(request.path, rows)
        except (NoSuchPageError, ApiError):
            target = None
        fault = plan.take(verb_of(request, target), _label(request.path, target), query=request.query)
        if fault is None:
            return await handler(request)
        return await _misbehave(fault, target, request, handler, clock)

    return middleware


def _label(path: str, target: Target | None) -> str:
    if target is None:
        return REVIEWS[path].plural if path in REVIEWS else DISCOVERY
    plural = target.row.resource.plural
    return f"{plural}/{target.subresource}" if target.subresource in target.row.subresources else plural


async def _misbehave(
    fault: Fault, target: Target | None, request: web.Request, handler: Handler, clock: Clock
) -> web.StreamResponse:
    match fault.kind:
        case FaultKind.STATUS:
            wait = {"Retry-After": f"{fault.wait:g}"} if fault.code in {429, 503} else {}
            return refusal(clock, _status(fault, request), extra=wait)
        case FaultKind.EXPIRED_TOKEN:
            return refusal(clock, ApiError(401, "Unauthorized", "Unauthorized"))
        case FaultKind.REFUSED_SELECTOR:
            return refusal(clock, ApiError(400, "BadRequest", "field label not supported"))
        case FaultKind.REFUSED_STREAMING:
            why = "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled"
            return refusal(clock, forbidden_option("sendInitialEvents", why))
        case FaultKind.EXPIRED_CONTINUE:
            return refusal(clock, ApiError(410, "Expired", EXPIRED_TOKEN))
        case FaultKind.CONFLICT:
            assert target is not None
            return refusal(clock, modified(target.row.resource, target.name))
        case FaultKind.RESET:
            return _cut(request)
        case FaultKind.LOST_ANSWER:
            await handler(request)
            return _cut(request)
        case FaultKind.TRUNCATE | FaultKind.SLOW | FaultKind.MALFORMED:
            return await _spoil(fault, request, await handler(request))


def _status(fault: Fault, request: web.Request) -> ApiError:
    reason = REASONS[fault.code]
    return ApiError(fault.code, reason, f"{reason}: fault {fault.code} on {request.method} {request.path}", details={})


async def _spoil(fault: Fault, request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    """Give only half of a body, or half of it late; streams are left alone."""
    if not isinstance(response, web.Response) or not isinstance(response.body, bytes):
        return response
    body = response.body
    half = len(body) // 2
    if fault.kind is FaultKind.MALFORMED:
        response.body = body[:half]
        return response
    stream = web.StreamResponse(status=response.status, headers=response.headers)
    stream.content_length = len(body)
    await stream.prepare(request)
    await stream.write(body[:half])
    if fault.kind is FaultKind.TRUNCATE:
        if request.transport is not None:
            # Closed, not aborted: what was sent arrives, and then nothing more.
            request.transport.close()
        return stream
    await asyncio.sleep(fault.wait)
    await stream.write(body[half:])
    await stream.write_eof()
    return stream


def _cut(request: web.Request) -> web.Response:
    """Reset the connection: the client gets RST and no answer."""
    if request.transport is not None:
        connection = request.transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.transport.abort()
    return web.Response()
