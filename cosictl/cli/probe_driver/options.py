"""The options that every verb of ``probe-driver`` has."""

from dataclasses import dataclass
from typing import Annotated, Final

import typer

from cosictl.cli.options import with_options

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


with_dial = with_options("dial", Dial)
