"""What a kubelet answers for the Pods of a sandbox: their logs, and commands in their containers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from aiohttp import web

from cosictl.model.refs import Api, Kind
from cosictl.sandbox.api.refusals import bad_request
from cosictl.sandbox.api.resources import PODS
from cosictl.sandbox.api.store import Store
from cosictl.sandbox.backend import Backend
from cosictl.sandbox.clock import Clock
from cosictl.sandbox.pod_exec import PROGRAMS, execute
from cosictl.sandbox.pod_logs import Named, driver_log, runs_of, sidecar_log, text_of, wanted
from cosictl.sandbox.ports import MOUNT, ApiError, Json

SIDECAR_WORDS = "sidecar"


@dataclass(frozen=True, slots=True)
class Played:
    """The Pod of one driver: what its containers do, and where its socket is."""

    backend: Backend
    api: Api
    socket: Path


class Pods:
    """Answers ``pods/log`` and ``pods/exec``. ``played`` names Pods (namespace, name) that the sandbox runs itself.

    Other Pods, those of a loaded dump among them, have empty logs and no programs.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        # What is installed in a container, by its name; COSI's sidecars are made of their program alone.
        self.programs: dict[str, Sequence[str]] = {"driver": PROGRAMS}
        self._store = store
        self._clock = clock
        self.played: dict[tuple[str, str], Played] = {}

    async def logs(self, namespace: str, name: str, query: Mapping[str, str]) -> bytes:
        """Return a container's log.

        Raises ApiError 400 for a container that the Pod has not, or has no process before; 501 for following.
        """
        container = self._container(namespace, name, query.get("container", ""))
        ask = wanted(query.items(), self._clock.now())
        run = self.played.get((namespace, name))
        if run is None:
            return b""
        began = run.backend.started
        if SIDECAR_WORDS not in container:
            if ask.previous:
                raise _never_ended(name, container)
            return text_of(driver_log(run.backend.calls, began), ask)
        runs = runs_of(run.backend.calls, run.api)
        if ask.previous and len(runs) == 1:
            raise _never_ended(name, container)
        # Until it is started again, a container's own log is that of the process that ended.
        ended = ask.previous or (len(runs) > 1 and not runs[-1] and self._is_down(namespace, name, container))
        calls = runs[-2] if ended else runs[-1]
        return text_of(sidecar_log(calls, began, run.api, self._accounts()), ask)

    def _is_down(self, namespace: str, name: str, container: str) -> bool:
        statuses = self._store.get(PODS, namespace, name).get("status", {}).get("containerStatuses", ())
        return any(entry.get("name") == container and not entry.get("ready") for entry in statuses)

    def _accounts(self) -> dict[str, Named]:
        """Return the accesses by the accounts that sidecars ask for, and those that drivers gave."""
        found: dict[str, Named] = {}
        for value in self._store.snapshot():
            if value["kind"] != Kind.ACCESS:
                continue
            meta, spec = value["metadata"], value.get("spec", {})
            claims = [str(entry.get("bucketClaimName", "")) for entry in spec.get("bucketClaims", ())]
            named = Named(
                name=meta["name"],
                namespace=meta.get("namespace", ""),
                claim=str(spec.get("bucketClaimName", "")) or ",".join(claims),
                class_name=str(spec.get("bucketAccessClassName", "")),
            )
            given = str(value.get("status", {}).get("accountID", ""))
            found |= {f"ba-{meta['uid']}": named} | ({given: named} if given else {})
        return found

    async def execute(self, request: web.Request, namespace: str, name: str) -> web.StreamResponse:
        """Run a command in a container. Raises ApiError as ``logs``."""
        container = self._container(namespace, name, request.query.get("container", ""))
        run = self.played.get((namespace, name))
        if run is None:
            return await execute(request, socket=None, programs=())
        return await execute(
            request,
            socket=run.socket,
            seen_at=self._socket_in(namespace, name, container),
            programs=self._installed(namespace, name, container),
        )

    def _socket_in(self, namespace: str, name: str, container: str) -> str:
        """Return where a container sees the socket; those that mount it elsewhere were added to the Pod."""
        for entry in _containers(self._store.get(PODS, namespace, name)):
            for mount in entry.get("volumeMounts", ()) if entry.get("name") == container else ():
                return str(PurePosixPath(mount["mountPath"]) / PurePosixPath(MOUNT).name)
        return MOUNT

    def _installed(self, namespace: str, name: str, container: str) -> Sequence[str]:
        """Return the programs in a container; those that were added to debug a Pod have them all."""
        added = self._store.get(PODS, namespace, name).get("spec", {}).get("ephemeralContainers", ())
        if container in {str(entry.get("name", "")) for entry in added}:
            return PROGRAMS
        return self.programs.get(container, ())

    def _container(self, namespace: str, name: str, asked: str) -> str:
        pod = self._store.get(PODS, namespace, name)
        names = [str(entry.get("name", "")) for entry in _containers(pod)]
        if asked and asked not in names:
            raise bad_request(f"container {asked} is not valid for pod {name}")
        if not asked and len(names) > 1:
            raise bad_request(f"a container name must be specified for pod {name}, choose one of: [{' '.join(names)}]")
        return asked or (names[0] if names else "")


def _never_ended(name: str, container: str) -> ApiError:
    return bad_request(f'previous terminated container "{container}" in pod "{name}" not found')


def _containers(pod: Json) -> Iterable[Json]:
    spec = pod.get("spec", {})
    return (*spec.get("containers", ()), *spec.get("ephemeralContainers", ()))
