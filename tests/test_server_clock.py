"""The time of a plan is the server's: the machine it is made on and the one it is carried out on may disagree."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cosictl.cli.changing.options import Ask
from cosictl.cli.changing.ports import live_ports
from cosictl.cli.options import Shared
from cosictl.cluster.writer import clock_skew
from cosictl.sandbox.clock import Clock
from tests.sandbox_server import Sandbox


@pytest.mark.parametrize(
    ("ahead", "found"),
    [
        (timedelta(hours=3), timedelta(hours=3)),
        (timedelta(hours=-2), timedelta(hours=-2)),
        (timedelta(), timedelta()),
    ],
    ids=["ahead", "behind", "as ours"],
)
def test_now_is_the_servers(ahead: timedelta, found: timedelta, tmp_path: Path) -> None:
    with Sandbox(clock=Clock(start=datetime.now(UTC) + ahead)) as sandbox:
        ports = live_ports(Shared(kubeconfig=str(sandbox.kubeconfig(tmp_path))), Ask())
        assert abs(ports.now() - datetime.now(UTC) - found) < timedelta(minutes=1)


def test_without_an_answer_it_is_ours(tmp_path: Path) -> None:
    with Sandbox() as sandbox:
        ports = live_ports(Shared(kubeconfig=str(sandbox.kubeconfig(tmp_path))), Ask())
    assert clock_skew(ports.conn) == timedelta()
