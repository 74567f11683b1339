"""How a driver inside a Pod is reached: which Pod, which program there, and what to type where nothing helps."""

# ruff: noqa: PLC0415 - libraries load when a command needs them, so that --help stays light

import json
import re
import shlex
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from cosictl.cli.options import Shared
from cosictl.cli.probe_driver.options import Dial
from cosictl.cli.said import plain, program, say, say_unread, typed
from cosictl.diagnosis.graph import link
from cosictl.errors import ClusterError, CosictlError, EndpointError, UsageError
from cosictl.flows.driver_pods import pods_of_driver

if TYPE_CHECKING:
    from cosictl.cluster.connect import Connection
    from cosictl.cluster.pod_socket import PodSocket
    from cosictl.cluster.pods import Reach, Tool

# Seconds for an image to be pulled and its container to run.
PULL: Final = 120.0
# How socat begins its lines.
_LOG_HEAD: Final = re.compile(r"^\d{4}/\d\d/\d\d \S+ socat\[\d+\] E ", re.MULTILINE)
# An option of ours that names the way here, and its value, are not for inside the Pod.
_WAYS: Final = ("--pod", "--driver", "--endpoint", "--debug-image", "--kubeconfig", "--context", "--cluster", "--user")


@contextmanager
def tunnel(shared: Shared, dial: Dial, *, timeout: float) -> Iterator[tuple[str, str]]:
    """Open a way to the socket in the Pod asked for: a path on this machine, and what to call it.

    Raises UsageError, ClusterError, NotFoundError; and whatever goes wrong later is told with what the Pod said.
    """
    from cosictl.cli.live import connect_options
    from cosictl.cluster.connect import connect
    from cosictl.cluster.pod_socket import find_socket
    from cosictl.cluster.pods import Reach
    from cosictl.cluster.tunnel import Tunnel

    conn = connect(connect_options(shared))
    namespace, name = _pod(dial.pod, shared, conn) if dial.pod is not None else _serving(dial.driver or "", shared)
    reach = Reach(conn=conn, namespace=namespace, pod=name, timeout=max(timeout, 1.0))
    sockets = find_socket(reach.read())
    tool = _tool(reach, sockets, dial)
    where = f"{namespace}/{name}:{tool.place.path}"
    with (
        tempfile.TemporaryDirectory(prefix="cosictl-") as folder,
        Tunnel(Path(folder) / "cosi.sock", lambda: reach.start(tool)) as way,
    ):
        try:
            yield str(way.path), f"{where} (through {tool.words[0]} in container {tool.place.container})"
        except EndpointError as error:
            if not way.trouble:
                raise
            raise EndpointError(
                f"{where} cannot be talked to: {plain(_LOG_HEAD.sub('', way.trouble))}",
                meaning="the way into the pod works, what is behind it does not",
                next_step=f"look at the driver: kubectl logs -n {namespace} {name} --all-containers",
            ) from error


def _pod(text: str, shared: Shared, conn: "Connection") -> tuple[str, str]:
    namespace, slash, name = text.rpartition("/")
    if not name or "/" in namespace or (slash and not namespace):
        raise UsageError(f"--pod {text}: is no pod", next_step="write NAMESPACE/NAME")
    return namespace or shared.namespace or conn.namespace, name


def _serving(driver: str, shared: Shared) -> tuple[str, str]:
    """Find the Pod that serves a driver: the holder of its sidecar's Lease, else the only Pod with a sidecar."""
    from cosictl.cli.wiring import open_source

    snapshot = open_source(shared, None, everywhere=True, only=frozenset({"pods", "leases"})).read()
    say_unread(snapshot)
    found = pods_of_driver(link(snapshot), driver)
    if len(found) == 1:
        return found[0]
    named = ", ".join(f"{namespace}/{name}" for namespace, name in found)
    raise ClusterError(
        f"no Pod is known to serve driver {driver}"
        if not found
        else f"several Pods may serve driver {driver}: {named}",
        meaning="no Lease of its sidecar names one" if not found else "",
        next_step="name one with --pod NAMESPACE/NAME",
    )


def _tool(reach: "Reach", sockets: "PodSocket", dial: Dial) -> "Tool":
    """Find a program in the Pod, or add a container that has one."""
    tool = reach.find_tool(sockets)
    if tool is not None:
        return tool
    looked = ", ".join(place.container for place in sockets.places)
    if not sockets.volume or dial.debug_image is None:
        raise ClusterError(
            f"no container of pod {reach.namespace}/{reach.pod} that sees the socket ({looked}) has socat or nc -U",
            meaning="most drivers' images hold nothing but the driver",
            next_step=_advice(reach, sockets),
        )
    try:
        added = reach.add_container(sockets, dial.debug_image, wait=PULL)
    except CosictlError as error:
        error.next_step = error.next_step or _advice(reach, sockets)
        raise
    say(
        f"{program()}: added container {added.place.container} to pod {reach.namespace}/{reach.pod}; it ends by itself "
        "within 30 minutes, and stays listed in the pod: Kubernetes cannot remove it"
    )
    return added


def _advice(reach: "Reach", sockets: "PodSocket") -> str:
    """Say what to type instead: this very command inside the Pod."""
    words = _words_inside(typed())
    if not sockets.volume:
        place = sockets.places[0] if sockets.places else None
        words += ["--endpoint", f"unix://{place.path}"] if place is not None else []
        target = f"-c {shlex.quote(place.container)} " if place is not None else ""
        return f"run it inside: kubectl exec -n {reach.namespace} {reach.pod} {target}-- cosictl {shlex.join(words)}"
    folder = str(PurePosixPath("/cosi"))
    words += ["--endpoint", f"unix://{sockets.mounted_at(folder)}"]
    mount = json.dumps({"volumeMounts": [{"name": sockets.volume, "mountPath": folder}]})
    return (
        "give an image with socat and sleep in it as --debug-image, or run this inside the pod, IMAGE being one that "
        f"has cosictl: kubectl debug -n {reach.namespace} {reach.pod} -it --image=IMAGE "
        f"--custom=<(echo {shlex.quote(mount)}) -- cosictl {shlex.join(words)}"
    )


def _words_inside(words: list[str]) -> list[str]:
    """Return a command line without the options that lead from here into the Pod."""
    kept: list[str] = []
    skip = False
    for word in words:
        if skip:
            skip = False
        elif word in _WAYS:
            skip = True
        elif not word.startswith(tuple(f"{way}=" for way in _WAYS)):
            kept.append(word)
    return kept
