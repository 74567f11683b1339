"""The door is closed: what the test run itself promises."""

import os
import socket
from pathlib import Path

import pytest

from tests.conftest import OutsideWorldError, is_ambient

OUTSIDE = ("192.0.2.1", 443)  # RFC 5737: an address for documentation, routed nowhere.


def test_nothing_outside_the_loopback_can_be_reached() -> None:
    with socket.socket() as sock:
        with pytest.raises(OutsideWorldError):
            sock.connect(OUTSIDE)
        with pytest.raises(OutsideWorldError):
            sock.connect_ex(OUTSIDE)


def test_no_name_is_resolved() -> None:
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("kubernetes.example.com", 443)


def test_the_loopback_can_be_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as sock:
        assert sock.getpeername() == server.getsockname()


def test_the_environment_holds_nothing_that_changes_the_program() -> None:
    assert not [name for name in os.environ if is_ambient(name)]
    assert Path.home().name.startswith("cosictl-home-")
    assert not (Path.home() / ".kube").exists()


@pytest.mark.parametrize(
    "name",
    [
        "KUBECONFIG",
        "https_proxy",
        "NO_PROXY",
        "COSI_ENDPOINT",
        "NO_COLOR",
        "COLUMNS",
        "KUBERNETES_SERVICE_HOST",
        "KUBERNETES_SERVICE_PORT",
    ],
)
def test_what_counts_as_ambient(name: str) -> None:
    assert is_ambient(name)


@pytest.mark.parametrize("name", ["PATH", "TMPDIR", "PIP_INDEX_URL", "SSL_CERT_FILE", "LANG"])
def test_what_a_process_needs_is_kept(name: str) -> None:
    assert not is_ambient(name)
