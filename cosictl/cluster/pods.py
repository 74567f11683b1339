"""Pods that are reached into: read, and given a container where they have no tool of their own."""

import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from cosictl.cluster.connect import Connection, Response
from cosictl.cluster.noanswer import NoAnswerError
from cosictl.cluster.pod_exec import Command, run, start
from cosictl.cluster.pod_socket import Place, PodSocket
from cosictl.cluster.reader import ask
from cosictl.cluster.translate import unreachable, words_of
from cosictl.errors import ClusterError, CosictlError, NotFoundError, TimedOutError

# Seconds that a side may go on after the other has ended; socat's own default is half a second.
_LINGER: Final = "30"
# The container ends by itself after this: Kubernetes cannot remove it.
LIFETIME_SECONDS: Final = 1800
_STRATEGIC: Final = "application/strategic-merge-patch+json"
# Where the volume is mounted in a container that we add.
_FOLDER: Final = "/cosi"
_OK, _FORBIDDEN, _NOT_FOUND = 200, 403, 404
_BAD: Final = frozenset({"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "CreateContainerConfigError"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A program in a container that connects its own input and output to the socket."""

    place: Place
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """A Pod of a cluster. ``timeout`` is in seconds, for connecting and for each small command."""

    conn: Connection
    namespace: str
    pod: str
    timeout: float

    @property
    def path(self) -> str:
        """The path of the Pod."""
        return f"/api/v1/namespaces/{quote(self.namespace)}/pods/{quote(self.pod)}"

    def read(self) -> Mapping[str, Any]:
        """Return the Pod; raises NotFoundError and ClusterError."""
        try:
            answer = ask(self.conn, self.path, {})
        except NoAnswerError as error:
            raise unreachable(self.conn.source, error) from error
        return _content(answer, f"pod {self.namespace}/{self.pod}", "get", "pods", self.namespace)

    def find_tool(self, sockets: PodSocket) -> Tool | None:
        """Return the first program that can reach the socket; raises ClusterError where nothing may be run."""
        for place in sockets.places:
            if run(self.conn, self.namespace, self.pod, place.container, ("socat", "-V"), timeout=self.timeout).ok:
                return Tool(place=place, words=_socat(place.path))
            told = run(self.conn, self.namespace, self.pod, place.container, ("nc", "-h"), timeout=self.timeout)
            # OpenBSD's nc and ncat know unix sockets, the one of busybox does not.
            if b"-U" in told.out + told.err:
                return Tool(place=place, words=("nc", "-U", place.path))
        return None

    def start(self, tool: Tool) -> Command:
        """Connect to the socket once."""
        container = tool.place.container
        return start(self.conn, self.namespace, self.pod, container, tool.words, timeout=self.timeout, stdin=True)

    def add_container(
        self, sockets: PodSocket, image: str, *, wait: float, sleep: Callable[[float], None] = time.sleep
    ) -> Tool:
        """Add a container of an image to the running Pod, with the socket's volume in it.

        ``wait`` in seconds is for it to run. It ends by itself, and stays listed in the Pod. Raises ClusterError, and
        TimedOutError.
        """
        name = f"cosictl-probe-{secrets.token_hex(3)}"
        container = {
            "name": name,
            "image": image,
            "command": ["sleep", str(LIFETIME_SECONDS)],
            "volumeMounts": [{"name": sockets.volume, "mountPath": _FOLDER}],
        }
        body = json.dumps({"spec": {"ephemeralContainers": [container]}}).encode()
        try:
            answer = self.conn.patch(f"{self.path}/ephemeralcontainers", body, _STRATEGIC)
        except NoAnswerError as error:
            lost = unreachable(self.conn.source, error)
            lost.meaning = f"container {name} may have been added all the same; it ends by itself"
            raise lost from error
        what = f"a container cannot be added to pod {self.namespace}/{self.pod}"
        _content(answer, what, "patch", "pods/ephemeralcontainers", self.namespace)
        ends = time.monotonic() + wait
        while not self._runs(name, image):
            if time.monotonic() > ends:
                raise TimedOutError(
                    f"container {name} of image {image} does not run after {wait:g} s",
                    next_step=f"kubectl describe pod -n {self.namespace} {self.pod}",
                )
            sleep(0.2)
        return Tool(
            place=Place(container=name, path=sockets.mounted_at(_FOLDER)), words=_socat(sockets.mounted_at(_FOLDER))
        )

    def _runs(self, name: str, image: str) -> bool:
        statuses = (self.read().get("status") or {}).get("ephemeralContainerStatuses") or ()
        state = next((entry.get("state") or {} for entry in statuses if entry.get("name") == name), {})
        waiting = state.get("waiting") or {}
        if waiting.get("reason") in _BAD:
            raise ClusterError(
                f"container {name} of image {image} cannot start: {waiting.get('message') or waiting['reason']}",
                next_step="give an image that this cluster can pull, with socat and sleep in it",
            )
        if state.get("terminated"):
            raise ClusterError(
                f"container {name} of image {image} ended at once: {state['terminated'].get('message') or 'no reason'}",
                next_step="give an image that has socat and sleep in it",
            )
        return "running" in state


def _socat(path: str) -> tuple[str, ...]:
    return ("socat", "-t", _LINGER, "-", f"UNIX-CONNECT:{path}")


def _content(answer: Response, what: str, verb: str, resource: str, namespace: str) -> Mapping[str, Any]:
    if answer.status != _OK:
        raise _refusal(answer, what, verb, resource, namespace)
    try:
        found = json.loads(answer.body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ClusterError(
            f"{what}: the answer is no JSON object", meaning="something between here and the API server breaks it"
        )
    return found


def _refusal(answer: Response, what: str, verb: str, resource: str, namespace: str) -> CosictlError:
    words = words_of(answer.status, answer.body)
    if answer.status == _FORBIDDEN:
        return ClusterError(
            f"{what}: {words}",
            meaning=f"it takes the verb {verb} on {resource}",
            next_step=f"check with: kubectl auth can-i {verb} {resource} -n {namespace}",
        )
    if answer.status == _NOT_FOUND:
        return NotFoundError(f"{what}: {words}", next_step=f"kubectl get pods -n {namespace}")
    return ClusterError(f"{what}: {words}")
