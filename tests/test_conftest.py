"""The door is closed: what the test run itself promises."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.apiserver import NOON, ApiServer
from tests.cli_process import ROOT, environment
from tests.conftest import CLUSTER, OutsideWorldError, is_ambient

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


def test_the_contract_is_checked_on_the_cluster_that_is_given(tmp_path: Path) -> None:
    with ApiServer([], at=NOON) as server:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/contract", "-k", "in_chunks"],
            env=environment({CLUSTER: str(server.kubeconfig(tmp_path))}),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        assert server.count("bucketclaims") >= 3
