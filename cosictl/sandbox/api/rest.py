"""The verbs of the API server over a store: a request in, an answer out."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from aiohttp import web

from cosictl.sandbox.api.access import User
from cosictl.sandbox.api.answers import answer, refusal, text_answer
from cosictl.sandbox.api.core_kinds import only_added
from cosictl.sandbox.api.discovery import AUTHENTICATION
from cosictl.sandbox.api.listing import ListOptions, list_options
from cosictl.sandbox.api.negotiation import Show, form_of, many, one, read_object, read_patch, read_token, token_for
from cosictl.sandbox.api.patches import APPLY_PATCH
from cosictl.sandbox.api.paths import Target
from cosictl.sandbox.api.refusals import (
    EXPIRED_TOKEN,
    bad_request,
    group_kind,
    not_implemented,
    success,
)
from cosictl.sandbox.api.resources import EPHEMERAL
from cosictl.sandbox.api.review import read_review, reviewed, who
from cosictl.sandbox.api.schema import unknown_fields
from cosictl.sandbox.api.store import Store
from cosictl.sandbox.api.watching import Watching
from cosictl.sandbox.ports import ApiError, Json, Resource

PodLogs = Callable[[str, str, Mapping[str, str]], Awaitable[bytes]]
PodExec = Callable[[web.Request, str, str], Awaitable[web.StreamResponse]]


class Rest:
    """One method for each verb. Every method may raise ApiError.

    ``logs`` answers ``pods/log`` (namespace, pod, query) and ``execute`` ``pods/exec``; without them it is 501.
    """

    def __init__(self, store: Store, *, logs: PodLogs | None = None, execute: PodExec | None = None) -> None:
        self._store = store
        self._clock = store.clock
        self._logs = logs
        self._execute = execute

    async def serve(self, verb: str, target: Target, request: web.Request) -> web.StreamResponse:
        """Do what was asked; whether the user may has been checked."""
        if target.subresource in {"log", "exec"}:
            return await self._pod(target, request)
        match verb:
            case "get":
                value = self._store.get(target.row.resource, target.namespace, target.name)
                return answer(self._clock, one(target.row, value, self._show(request)))
            case "list":
                return self._list(target, list_options(request.query), self._show(request))
            case "watch":
                options = list_options(request.query)
                return await Watching(self._store, target, options, self._show(request)).serve(request)
            case "create":
                return await self._create(target, request)
            case "update":
                return await self._update(target, request)
            case "patch":
                return await self._patch(target, request)
            case "delete":
                return await self._delete(target, request)
            case "deletecollection":
                return await self._delete_all(target, request)
            case _:
                raise not_implemented(f"the verb {verb}")

    async def review(self, user: User, request: web.Request, about: Resource) -> web.Response:
        """Answer who asks (SelfSubjectReview), or whether the asker may do something (SelfSubjectAccessReview)."""
        if about == AUTHENTICATION:
            return answer(self._clock, who(user), status=201)
        spec = read_review(await request.read(), request.content_type)
        return answer(self._clock, reviewed(user, spec), status=201)

    def _list(self, target: Target, options: ListOptions, show: Show) -> web.Response:
        after, version = (read_token(options.token)[1], read_token(options.token)[0]) if options.token else (None, 0)
        exact = options.match == "Exact" or (options.match == "" and options.limit and options.version not in {"", "0"})
        if options.version and int(options.version) > self._store.version:
            raise _too_new(int(options.version), self._store.version)
        try:
            page = self._store.page(
                target.row.resource,
                target.namespace,
                labels=options.labels,
                fields=options.fields,
                # From the server's cache (version 0) lists come whole.
                limit=0 if options.version == "0" and not options.token else options.limit,
                after=after,
                version=int(options.version) if exact else max(0, version),
            )
        except ApiError as error:
            if error.code != 410 or after is None:
                raise
            # From here the list can go on, as it is now and not as it was.
            return refusal(self._clock, ApiError(410, "Expired", EXPIRED_TOKEN), token=token_for(-1, after))
        selected = options.labels or options.fields
        body = many(
            target.row,
            page.items,
            show,
            version=page.version,
            token=token_for(page.version, page.last) if page.last else "",
            remaining=0 if selected else page.remaining,
        )
        return answer(self._clock, body)

    async def _create(self, target: Target, request: web.Request) -> web.Response:
        if target.name:
            raise _not_allowed()
        value = await _object(request, target)
        extra = _judge_unknown(target, value, request)
        made = self._store.create(target.row.resource, target.namespace, value, dry_run=_dry_run(_asked(request)))
        return answer(self._clock, one(target.row, made, self._show(request)), status=201, extra=extra)

    async def _update(self, target: Target, request: web.Request) -> web.Response:
        if target.subresource == EPHEMERAL:
            raise not_implemented("PUT of ephemeral containers")
        value = await _object(request, target)
        extra = _judge_unknown(target, value, request)
        made = self._store.update(
            target.row.resource,
            target.namespace,
            target.name,
            value,
            subresource=target.subresource,
            dry_run=_dry_run(_asked(request)),
        )
        return answer(self._clock, one(target.row, made, self._show(request)), extra=extra)

    async def _patch(self, target: Target, request: web.Request) -> web.Response:
        if request.content_type == APPLY_PATCH:
            raise not_implemented("server-side apply")
        patch = read_patch(await request.read())
        extra = _judge_unknown(target, patch, request) if isinstance(patch, dict) else {}
        made = self._store.patch(
            target.row.resource,
            target.namespace,
            target.name,
            only_added(patch) if target.subresource == EPHEMERAL else patch,
            content_type=request.content_type,
            subresource="" if target.subresource == EPHEMERAL else target.subresource,
            dry_run=_dry_run(_asked(request)),
        )
        return answer(self._clock, one(target.row, made, self._show(request)), extra=extra)

    async def _delete(self, target: Target, request: web.Request) -> web.Response:
        options = await _delete_options(request)
        wanted = options.get("preconditions") or {}
        gone = self._store.delete(
            target.row.resource,
            target.namespace,
            target.name,
            uid=str(wanted.get("uid") or ""),
            resource_version=str(wanted.get("resourceVersion") or ""),
            dry_run=_dry_run(options.get("dryRun")),
        )
        meta = gone["metadata"]
        if target.row.returns_deleted or meta.get("finalizers"):
            return answer(self._clock, one(target.row, gone, self._show(request)))
        return answer(self._clock, success(target.row.resource, meta["name"], meta["uid"]))

    async def _delete_all(self, target: Target, request: web.Request) -> web.Response:
        options = await _delete_options(request)
        wanted = list_options(request.query)
        dry_run = _dry_run(options.get("dryRun"))
        resource = target.row.resource
        found, _ = self._store.list(resource, target.namespace, labels=wanted.labels, fields=wanted.fields)
        gone = [
            self._store.delete(
                resource, value["metadata"].get("namespace", ""), value["metadata"]["name"], dry_run=dry_run
            )
            for value in found
        ]
        body = many(target.row, gone, self._show(request), version=self._store.version, token="", remaining=0)
        return answer(self._clock, body)

    async def _pod(self, target: Target, request: web.Request) -> web.StreamResponse:
        self._store.get(target.row.resource, target.namespace, target.name)
        if target.subresource == "log" and self._logs:
            return text_answer(self._clock, await self._logs(target.namespace, target.name, request.query))
        if target.subresource == "exec" and self._execute:
            return await self._execute(request, target.namespace, target.name)
        raise not_implemented(f"pods/{target.subresource}")

    def _show(self, request: web.Request) -> Show:
        form = form_of(request.headers.get("Accept", ""))
        return Show(form=form, include=request.query.get("includeObject", "Metadata"), now=self._clock.now())


_JSON: Final = frozenset({"application/json", "application/octet-stream"})


async def _object(request: web.Request, target: Target) -> Json:
    # aiohttp says octet-stream where the client said nothing.
    if request.content_type not in _JSON:
        raise ApiError(
            415,
            "UnsupportedMediaType",
            "the body of the request was in an unknown format - accepted media types include: application/json",
        )
    body = await request.read()
    value = read_object(body, target.row.resource)
    if target.row.custom and not value.get("kind"):
        text = body.decode("utf-8", "replace")
        raise bad_request(
            f"the object provided is unrecognized (must be of type {target.row.resource.kind}): "
            f"Object 'Kind' is missing in '{text}'"
        )
    return value


async def _delete_options(request: web.Request) -> Json:
    """Return the options of a deletion: those in the body, and only where there is no body those of the query."""
    body = await request.read()
    if not body.strip():
        return {"dryRun": _asked(request)}
    try:
        options = json.loads(body)
    except ValueError as error:
        raise bad_request("couldn't get version/kind; json parse error in the delete options") from error
    return options if isinstance(options, dict) else {}


def _asked(request: web.Request) -> Sequence[str]:
    return request.query.getall("dryRun", [])


def _dry_run(asked: Sequence[str] | None) -> bool:
    for one_of in asked or ():
        if one_of != "All":
            why = f'Unsupported value: "{one_of}": supported values: "All"'
            raise ApiError(422, "Invalid", f' "" is invalid: dryRun: {why}', details={})
    return bool(asked)


def _judge_unknown(target: Target, value: Json, request: web.Request) -> dict[str, str]:
    """Refuse (Strict), report (Warn, which is the default) or ignore fields that will be dropped."""
    how = request.query.get("fieldValidation", "Warn") or "Warn"
    unknown = [f'unknown field "{path}"' for path in unknown_fields(target.row.resource, value)]
    if not unknown or how == "Ignore":
        return {}
    if how == "Strict":
        kind = group_kind(target.row.resource) if not target.row.custom else target.row.resource.kind
        raise bad_request(
            f'{kind} in version "{target.row.resource.version}" cannot be handled as a {target.row.resource.kind}: '
            f"strict decoding error: {', '.join(unknown)}"
        )
    words = unknown[0].replace("\\", "\\\\").replace('"', '\\"')
    return {"Warning": f'299 - "{words}"'}


def _not_allowed() -> ApiError:
    words = "the server does not allow this method on the requested resource"
    return ApiError(405, "MethodNotAllowed", words, details={})


def _too_new(wanted: int, current: int) -> ApiError:
    words = f"Too large resource version: {wanted}, current: {current}"
    causes = [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]
    return ApiError(504, "Timeout", f"Timeout: {words}", details={"causes": causes, "retryAfterSeconds": 1})
