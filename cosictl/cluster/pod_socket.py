"""Where a driver's socket is in its Pod: the path that the sidecar is told, and who else mounts its volume. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

# v0.2.2 sidecar --driver-addr, main COSI_ENDPOINT; drivers call their own option alike.
_OPTIONS: Final = re.compile(r"--?(?:driver-addr(?:ess)?|driver-address|endpoint|cosi-endpoint)(?:=(?P<value>.*))?")
_VARIABLES: Final = ("COSI_ENDPOINT", "DRIVER_ADDR", "COSI_DRIVER_ADDRESS", "X_COSI_DRIVER_ADDRESS")
_REFERENCE: Final = re.compile(r"\$\((\w+)\)")
DEFAULT: Final = "/var/lib/cosi/cosi.sock"

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A container, and the path of the socket as it sees it."""

    container: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PodSocket:
    """The socket of a Pod: its ``places``, the likeliest first, and the volume that it is in ("" where in none)."""

    places: tuple[Place, ...]
    volume: str = ""
    inside: str = ""

    def mounted_at(self, folder: str) -> str:
        """Return the path of the socket for a container that mounts the volume at a folder."""
        return str(PurePosixPath(folder) / self.inside)


def find_socket(pod: Json) -> PodSocket:
    """Read a Pod; a Pod that says nothing is taken to follow COSI's manifests."""
    containers = [*pod.get("spec", {}).get("containers", ()), *_sidecars(pod)]
    told = next(((entry, path) for entry in containers for path in _told(entry)), None)
    owner, path = told if told is not None else (None, DEFAULT)
    for container in [owner] if owner is not None else containers:
        found = _volume_of(container, path)
        if found is not None:
            volume, inside = found
            places = [
                Place(container=entry["name"], path=str(PurePosixPath(mount) / inside))
                for entry in containers
                for mount in _mounts(entry, volume)
            ]
            return PodSocket(places=tuple(places), volume=volume, inside=inside)
    alone = [owner] if owner is not None else containers
    return PodSocket(places=tuple(Place(container=entry["name"], path=path) for entry in alone))


def _sidecars(pod: Json) -> list[Json]:
    """The init containers that go on running."""
    return [entry for entry in pod.get("spec", {}).get("initContainers", ()) if entry.get("restartPolicy") == "Always"]


def _told(container: Json) -> Iterator[str]:
    """Yield the socket paths that a container is told, in its words or its environment."""
    env = {entry.get("name", ""): str(entry.get("value", "")) for entry in container.get("env", ())}
    words = [str(word) for word in (*container.get("command", ()), *container.get("args", ()))]
    values = [env[name] for name in _VARIABLES if name in env]
    for place, word in enumerate(words):
        match = _OPTIONS.fullmatch(word)
        if match is not None:
            following = words[place + 1] if place + 1 < len(words) else ""
            values.insert(0, match["value"] if match["value"] is not None else following)
    for value in values:
        plain = _REFERENCE.sub(lambda found: env.get(found[1], ""), value)
        if plain.startswith(("unix:", "/")):
            yield "/" + plain.removeprefix("unix:").lstrip("/")


def _volume_of(container: Json, path: str) -> tuple[str, str] | None:
    """Return the volume that holds a path of a container, and the path in it; the deepest mount wins."""
    wanted = PurePosixPath(path)
    mounts = [
        (PurePosixPath(mount["mountPath"]), str(mount.get("name", "")))
        for mount in container.get("volumeMounts", ())
        if not mount.get("subPath") and not mount.get("subPathExpr")
    ]
    within = [(folder, name) for folder, name in mounts if wanted.is_relative_to(folder)]
    if not within:
        return None
    folder, name = max(within, key=lambda found: len(found[0].parts))
    return name, str(wanted.relative_to(folder))


def _mounts(container: Json, volume: str) -> Iterator[str]:
    for mount in container.get("volumeMounts", ()):
        if mount.get("name") == volume and not mount.get("subPath") and not mount.get("subPathExpr"):
            yield str(mount["mountPath"])
