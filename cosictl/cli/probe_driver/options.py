"""The options that every verb of ``probe-driver`` has."""

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Annotated, Any, Final, get_type_hints

import typer

from cosictl.cli.options import Shared

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
