"""Where a driver's socket is in its Pod, in every way that manifests say it."""

from typing import Any

import pytest

from cosictl.cluster.pod_socket import DEFAULT, find_socket

SOCKET = DEFAULT


def pod(*containers: dict[str, Any]) -> dict[str, Any]:
    return {"spec": {"containers": list(containers)}}


def mounts(*pairs: tuple[str, str], **more: Any) -> list[dict[str, Any]]:
    return [{"name": name, "mountPath": path, **more} for name, path in pairs]


@pytest.mark.parametrize(
    ("given", "places", "volume"),
    [
        (
            pod(
                {"name": "s", "args": ["--driver-addr=unix:///run/x/c.sock"], "volumeMounts": mounts(("v", "/run/x"))},
                {"name": "d", "volumeMounts": mounts(("v", "/tmp/y"), ("w", "/run/x"))},
            ),
            [("s", "/run/x/c.sock"), ("d", "/tmp/y/c.sock")],
            "v",
        ),
        (
            pod(
                {"name": "d", "volumeMounts": mounts(("v", "/"))},
                {
                    "name": "s",
                    "env": [{"name": "COSI_ENDPOINT", "value": "unix:///a/b/c.sock"}],
                    "volumeMounts": mounts(("v", "/a"), ("w", "/a/b")),
                },
            ),
            [("s", "/a/b/c.sock")],
            "w",
        ),
        (
            pod(
                {
                    "name": "s",
                    "args": ["--driver-addr", "$(ADDR)"],
                    "env": [{"name": "ADDR", "value": "unix:///q/c.sock"}],
                    "volumeMounts": mounts(("v", "/q")),
                }
            ),
            [("s", "/q/c.sock")],
            "v",
        ),
        (pod({"name": "a"}, {"name": "b"}), [("a", SOCKET), ("b", SOCKET)], ""),
        (pod({"name": "a", "args": ["--driver-addr=unix:///x"]}, {"name": "b"}), [("a", "/x")], ""),
        (
            pod({"name": "a", "volumeMounts": mounts(("v", "/var/lib/cosi"), subPath="p")}, {"name": "b"}),
            [("a", SOCKET), ("b", SOCKET)],
            "",
        ),
        (
            {
                "spec": {
                    "containers": [{"name": "d", "volumeMounts": mounts(("v", "/var/lib/cosi"))}],
                    "initContainers": [
                        {"name": "i"},
                        {"name": "s", "restartPolicy": "Always", "volumeMounts": mounts(("v", "/var/lib/cosi"))},
                    ],
                }
            },
            [("d", SOCKET), ("s", SOCKET)],
            "v",
        ),
    ],
)
def test_where_the_socket_is(given: dict[str, Any], places: list[tuple[str, str]], volume: str) -> None:
    found = find_socket(given)
    assert [(place.container, place.path) for place in found.places] == places
    assert found.volume == volume
