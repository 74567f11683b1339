"""The API server: a store behind HTTP on the loopback, for kubectl, the official clients and cosictl itself."""

import asyncio
import base64
import json
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from cosictl.sandbox.api.access import Access, Ask, User, check, check_path
from cosictl.sandbox.api.answers import answer, refusal, text_answer
from cosictl.sandbox.api.certificate import self_signed
from cosictl.sandbox.api.discovery import REVIEWS, document
from cosictl.sandbox.api.faults import Fault, FaultPlan
from cosictl.sandbox.api.negotiation import form_of
from cosictl.sandbox.api.paths import NoSuchPageError, Target, target_of
from cosictl.sandbox.api.refusals import not_implemented
from cosictl.sandbox.api.rest import PodExec, PodLogs, Rest
from cosictl.sandbox.api.sabotage import sabotaged, verb_of
from cosictl.sandbox.api.store import Store
from cosictl.sandbox.clock import Clock
from cosictl.sandbox.ports import ApiError

HOST: Final = "127.0.0.1"
# What a real server takes at most for one object.
_LAST_SECONDS: Final = 5.0
_LARGEST_BODY: Final = 3 * 1024 * 1024

Log = Callable[[str], None]


class ApiServer:
    """Start it, use ``url`` and ``token`` or ``kubeconfig()``, stop it.

    ``port`` 0 is any free one; OSError where it is taken. ``log`` is told of every request in one line. ``logs`` and
    ``execute`` answer ``pods/log`` and ``pods/exec``, which are 501 without them.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        access: Access,
        faults: Sequence[Fault] = (),
        port: int = 0,
        log: Log | None = None,
        logs: PodLogs | None = None,
        execute: PodExec | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._access = access
        self._plan = FaultPlan(faults)
        self._port = port
        self._log = log
        self._rest = Rest(store, logs=logs, execute=execute)
        self._certificate = self_signed(HOST)
        self._runner: web.AppRunner | None = None
        self._handling: set[asyncio.Task[Any]] = set()

    @property
    def url(self) -> str:
        """Where it listens; the port is known once it has started."""
        return f"https://{HOST}:{self._port}"

    @property
    def token(self) -> str:
        """The token of the first user."""
        return self._access.token

    @property
    def certificate(self) -> str:
        """The certificate to trust, as PEM text; it is new in every run."""
        return self._certificate.pem

    def kubeconfig(self, *, namespace: str = "default") -> str:
        """Return a kubeconfig (JSON is YAML) with one cluster, one user and one context."""
        name = "cosictl-sandbox"
        trusted = base64.b64encode(self.certificate.encode()).decode()
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": name, "cluster": {"server": self.url, "certificate-authority-data": trusted}}],
            "users": [{"name": name, "user": {"token": self.token}}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name, "namespace": namespace}}],
            "current-context": name,
        }
        return json.dumps(config, indent=2) + "\n"

    def sabotage(self, faults: Sequence[Fault]) -> None:
        """From now on do these things wrong, and no others."""
        self._plan.replace(faults)

    async def start(self) -> None:
        """Listen. OSError where the port is taken."""
        application = web.Application(
            client_max_size=_LARGEST_BODY,
            middlewares=[_logged(self._log), sabotaged(self._plan, self._store.rows, self._clock)],
        )
        application.router.add_route("*", "/{path:.*}", self._handle)
        # Watches would hold up the end for their whole time; clients come back after a broken one anyway.
        runner = web.AppRunner(application, access_log=None, handler_cancellation=True, shutdown_timeout=0.05)
        await runner.setup()
        try:
            await web.TCPSite(runner, HOST, self._port, ssl_context=self._certificate.context()).start()
        except OSError:
            await runner.cleanup()
            raise
        self._runner = runner
        self._port = int(runner.addresses[0][1])

    async def stop(self) -> None:
        """Close every connection; twice does no harm."""
        runner, self._runner = self._runner, None
        if runner is None:
            return
        handlers = runner.server.connections if runner.server else []
        # TLS would wait for the other side to say good-bye.
        for transport in [handler.transport for handler in handlers if handler.transport is not None]:
            transport.abort()
        await asyncio.sleep(0)
        await runner.cleanup()
        # A program that runs for a client is waited for: its loop must outlive it.
        if self._handling:
            await asyncio.wait(self._handling, timeout=_LAST_SECONDS)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        task = asyncio.current_task()
        assert task is not None
        self._handling.add(task)
        task.add_done_callback(self._handling.discard)
        try:
            return await self._answer(request)
        except NoSuchPageError:
            return text_answer(self._clock, "404 page not found\n", status=404)
        except ApiError as error:
            return refusal(self._clock, error)
        except web.HTTPRequestEntityTooLarge:
            words = f"the request is too large: more than {_LARGEST_BODY} bytes"
            return refusal(self._clock, ApiError(413, "RequestEntityTooLarge", words))

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        user = self._access.identify(request.headers)
        path = request.path
        if path in REVIEWS and request.method == "POST":
            about = REVIEWS[path]
            check(user, Ask(verb="create", group=about.group, resource=about.plural), about)
            return await self._rest.review(user, request, about)
        found = document(path, self._store.rows.values())
        if found is not None:
            return self._document(user, request, found)
        target = target_of(path, self._store.rows)
        verb = verb_of(request, target)
        _check(user, verb, target)
        if target.subresource == "exec" and verb == "get":
            # A WebSocket begins with a GET, and since 1.35 takes both (AuthorizePodWebsocketUpgradeCreatePermission).
            _check(user, "create", target)
        return await self._rest.serve(verb, target, request)

    def _document(self, user: User, request: web.Request, found: object) -> web.Response:
        check_path(user, request.path)
        if request.method not in {"GET", "HEAD"}:
            raise not_implemented(f"{request.method} {request.path}")
        if isinstance(found, str):
            return text_answer(self._clock, found)
        assert isinstance(found, dict)
        # Old kubectls accept OpenAPI in protobuf only; they do without it when they are told so.
        form_of(request.headers.get("Accept", ""))
        return answer(self._clock, found)


def _check(user: User, verb: str, target: Target) -> None:
    resource = target.row.resource
    part = f"/{target.subresource}" if target.subresource else ""
    # The namespace of a Namespace is itself, to the rules.
    namespace = target.namespace or (target.name if resource.plural == "namespaces" else "")
    ask = Ask(verb=verb, group=resource.group, resource=resource.plural + part, namespace=namespace, name=target.name)
    check(user, ask, resource)


def _logged(log: Log | None) -> Middleware:
    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        started = time.monotonic()
        response = await handler(request)
        if log is not None:
            spent = (time.monotonic() - started) * 1000
            log(f"{request.method} {request.path_qs} {response.status} {spent:.1f} ms")
        return response

    return middleware
