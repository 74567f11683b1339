"""``cosictl sandbox``."""

# ruff: noqa: PLC0415 - libraries load when a command needs them, so that --help stays light

from typing import Annotated, Final

import typer

from cosictl.cli.complete import complete_policies, complete_scenarios
from cosictl.cli.options import Shared

SIDECAR: Final = "sidecar"
PolicyOption = Annotated[
    str | None,
    typer.Option(
        "--policy", metavar="POLICY", autocompletion=complete_policies, help="With sidecar: the release to be."
    ),
]
DriverOption = Annotated[
    str | None,
    typer.Option("--driver-addr", metavar="ADDRESS", help="With sidecar: its driver's socket (COSI_ENDPOINT)."),
]


def sandbox(
    shared: Shared,
    *,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[exec -- CMD...|sidecar]",
            help="exec: run CMD against the sandbox, then stop and return its code. sidecar: be one sidecar only.",
        ),
    ] = None,
    scenario: Annotated[
        str | None,
        typer.Option(metavar="NAME", autocompletion=complete_scenarios, help="The story to start with (cosi-86)."),
    ] = None,
    dumps: Annotated[
        list[str] | None,
        typer.Option("--from", metavar="DUMP", help="Start with a copy of a cluster; repeatable. Reads what -f reads."),
    ] = None,
    sidecar: Annotated[
        str | None,
        typer.Option(metavar="POLICY", autocompletion=complete_policies, help="The sidecar release to play."),
    ] = None,
    speed: Annotated[float, typer.Option(metavar="N", help="Let time run N times as fast.")] = 1.0,
    fault: Annotated[
        list[str] | None, typer.Option(metavar="SPEC", help="Let the API server misbehave; repeatable.")
    ] = None,
    port: Annotated[int, typer.Option(metavar="N", min=0, max=65535, help="The API server's port; 0: any.")] = 0,
    socket: Annotated[str | None, typer.Option(metavar="PATH", help="The first driver's socket.")] = None,
    policy: PolicyOption = None,
    driver_addr: DriverOption = None,
    list_scenarios: Annotated[bool, typer.Option("--list-scenarios", help="List the stories, and stop.")] = False,
) -> None:
    """Start an embedded COSI cluster, to try things on.

    It runs on loopback, in this process, until interrupted: an API server, a controller, sidecars and drivers. It
    prints what to export. With exec it runs one command against it; what that changed is listed on stderr. With sidecar
    it is one sidecar of the release --policy instead, between its driver's socket and the cluster of the kubeconfig.
    """
    from cosictl.cli.sandboxing import Played, Wanted, list_stories, run_sandbox, run_sidecar

    if list_scenarios:
        list_stories()
        return
    played = Played(policy=policy or "", endpoint=driver_addr or "", kubeconfig=shared.kubeconfig or "", speed=speed)
    wanted = Wanted(
        scenario=scenario or "",
        dumps=tuple(dumps or ()),
        policy=sidecar or "",
        speed=speed,
        faults=tuple(fault or ()),
        port=port,
        socket=socket or "",
    )
    if words and words[0] == SIDECAR:
        raise typer.Exit(run_sidecar(wanted, played, words[1:]))
    raise typer.Exit(run_sandbox(wanted, played, words or ()))
