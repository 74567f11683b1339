"""The line to a driver that the options describe: found, looked at, and opened."""

# ruff: noqa: PLC0415 - libraries load when a command needs them, so that --help stays light

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cosictl.cli.options import Shared, parse_duration
from cosictl.cli.probe_driver.options import Dial
from cosictl.cli.said import plain
from cosictl.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from cosictl.driver.channel import Channel
    from cosictl.driver.endpoint import Endpoint
    from cosictl.driver.tls import Tls

ENVIRONMENT: Final = "COSI_ENDPOINT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line to a driver that answers. ``timeout`` is in seconds for each call."""

    channel: "Channel"
    where: str
    timeout: float


@contextmanager
def opened(shared: Shared, dial: Dial) -> Iterator[Line]:
    """Connect to the driver, after a look at what is there; raises EndpointError, TimedOutError and UsageError."""
    from cosictl.driver.channel import Channel
    from cosictl.driver.preflight import check_endpoint

    connect = _seconds(dial.connect_timeout, "--connect-timeout")
    timeout = _seconds(dial.timeout, "--timeout")
    tls = _tls(dial)
    with _reached(shared, dial, connect) as (endpoint, where):
        check_endpoint(endpoint, timeout=connect, tls=tls)
        with Channel(endpoint, tls=tls) as channel:
            if dial.driver is not None:
                _expect(channel, dial.driver, where, timeout)
            yield Line(channel=channel, where=where, timeout=timeout)


def _expect(channel: "Channel", driver: str, where: str, timeout: float) -> None:
    """Make sure that the Pod found for a driver is that driver's; raises RefusedError for another one's."""
    from cosictl.driver.identify import who_is

    who = who_is(channel, timeout=timeout)
    if who.infos and who.name.casefold() != driver.casefold():
        raise RefusedError(
            f"the driver at {where} is {plain(who.name)}, not {driver}", next_step="name its pod with --pod NS/NAME"
        )


@contextmanager
def _reached(shared: Shared, dial: Dial, connect: float) -> Iterator[tuple["Endpoint", str]]:
    """Give the endpoint to dial and what to call it: an address, or the near end of a tunnel into a pod."""
    from cosictl.driver.endpoint import DEFAULT, parse_endpoint

    if sum(given is not None for given in (dial.endpoint, dial.pod, dial.driver)) > 1:
        raise UsageError("--endpoint, --pod and --driver exclude each other", next_step="leave out all but one")
    if dial.pod is not None or dial.driver is not None:
        from cosictl.cli.probe_driver.tunnelling import tunnel

        with tunnel(shared, dial, timeout=connect) as (path, where):
            yield parse_endpoint(path), where
        return
    endpoint = parse_endpoint(dial.endpoint or os.environ.get(ENVIRONMENT) or DEFAULT)
    yield endpoint, str(endpoint)


def _seconds(text: str, option: str) -> float:
    seconds = parse_duration(text, option)
    if seconds <= 0:
        raise UsageError(f"{option} {text}: a deadline is always set", next_step="write it like 10s or 1m30s")
    return seconds


def _tls(dial: Dial) -> "Tls | None":
    from cosictl.driver.tls import Tls

    files = (dial.cacert, dial.cert, dial.key, dial.server_name)
    if not dial.tls and not any(files):
        return None
    if bool(dial.cert) != bool(dial.key):
        raise UsageError("--cert and --key belong together", next_step="give both")
    return Tls(
        authority=dial.cacert or "",
        certificate=dial.cert or "",
        key=dial.key or "",
        server_name=dial.server_name or "",
    )
