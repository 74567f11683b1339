"""The options that every ``probe-driver`` command has, and the line to the driver that they describe."""

# ruff: noqa: PLC0415 - libraries load when a command needs them, so that --help stays light

import functools
import inspect
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Annotated, Any, Final, get_type_hints

import typer

from cosictl.cli.options import Shared, parse_duration
from cosictl.cli.said import plain
from cosictl.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from cosictl.driver.channel import Channel
    from cosictl.driver.endpoint import Endpoint
    from cosictl.driver.tls import Tls

ENVIRONMENT: Final = "COSI_ENDPOINT"
CONNECT_TIMEOUT: Final = "5s"
TIMEOUT: Final = "30s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dial:
    """Where the driver is, and how long it may take."""

    endpoint: Annotated[
        str | None,
        typer.Option("--endpoint", metavar="ADDRESS", help="unix:///PATH, tcp://HOST:PORT or dns:///HOST:PORT."),
    ] = None
    pod: Annotated[
        str | None, typer.Option("--pod", metavar="NS/NAME", help="Reach into this pod, through kubectl's exec.")
    ] = None
    driver: Annotated[
        str | None, typer.Option("--driver", metavar="NAME", help="Reach into the pod that serves this driver.")
    ] = None
    debug_image: Annotated[
        str | None,
        typer.Option("--debug-image", metavar="IMAGE", help="For pods without socat: an image that has it."),
    ] = None
    tls: Annotated[bool, typer.Option("--tls", help="Speak TLS.")] = False
    cacert: Annotated[str | None, typer.Option("--cacert", metavar="FILE", help="Trust this authority (PEM).")] = None
    cert: Annotated[str | None, typer.Option("--cert", metavar="FILE", help="Show this certificate (PEM).")] = None
    key: Annotated[str | None, typer.Option("--key", metavar="FILE", help="The key of --cert (PEM).")] = None
    server_name: Annotated[
        str | None, typer.Option("--server-name", metavar="NAME", help="The name in the driver's certificate.")
    ] = None
    connect_timeout: Annotated[
        str, typer.Option("--connect-timeout", metavar="TIME", help="How long connecting may take.")
    ] = CONNECT_TIMEOUT
    timeout: Annotated[str, typer.Option("--timeout", metavar="TIME", help="How long one call may take.")] = TIMEOUT


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line to a driver that answers. ``timeout`` is in seconds for each call."""

    channel: "Channel"
    where: str
    timeout: float


def with_dial(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options to a command, which gets them as its argument ``dial``."""
    hints = get_type_hints(Dial, include_extras=True)
    names = [field.name for field in fields(Dial)]
    given = inspect.signature(command).parameters

    @functools.wraps(command)
    def run(shared: Shared, **values: Any) -> None:
        own = {name: value for name, value in values.items() if name not in names}
        command(shared, Dial(**{name: values[name] for name in names}), **own)

    keyword = inspect.Parameter.KEYWORD_ONLY
    own = [parameter for name, parameter in given.items() if name != "dial"]
    added = [inspect.Parameter(n, keyword, default=getattr(_DEFAULTS, n), annotation=hints[n]) for n in names]
    run.__dict__["__signature__"] = inspect.Signature([*own, *added])
    return run


_DEFAULTS: Final = Dial()


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
        from cosictl.cli.tunnelling import tunnel

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
