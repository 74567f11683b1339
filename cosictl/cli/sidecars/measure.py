"""``cosictl sidecars measure``."""

# ruff: noqa: PLC0415 - libraries load when a command needs them, so that --help stays light

from typing import Annotated

import typer

from cosictl.cli.options import Shared


def measure(
    shared: Shared,
    *,
    binary: Annotated[
        str | None,
        typer.Option("--binary", metavar="CMD", help="Start this sidecar; {socket} and {kubeconfig} are replaced."),
    ] = None,
    serve: Annotated[bool, typer.Option("--serve", help="Wait for a sidecar that somebody else starts.")] = False,
    files: Annotated[
        list[str] | None,
        typer.Option("--filename", "-f", metavar="CALLS", help="Read recorded calls (JSON lines) or -; repeatable."),
    ] = None,
    sandbox: Annotated[bool, typer.Option("--sandbox", help="Use an API server of its own, not a cluster.")] = False,
    api: Annotated[
        str | None, typer.Option("--api", metavar="VERSION", help="v1alpha1 or v1alpha2; else the one served.")
    ] = None,
    speed: Annotated[float, typer.Option("--speed", metavar="N", help="The sidecar's time runs N times as fast.")] = 1,
    watch_for: Annotated[
        str, typer.Option("--for", metavar="TIME", help="How long to watch the retries, in the sidecar's time.")
    ] = "150s",
    socket: Annotated[
        str | None, typer.Option("--socket", metavar="PATH", help="Where to make the driver's socket.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Begin without asking.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be made, and stop.")] = False,
) -> None:
    """Find out what a sidecar does with each gRPC code, by playing its driver.

    Every call is answered with every code. What follows is compared with the known releases: retried or not, recorded
    or not, after which pauses, and what an edit changes. It makes objects of its own and removes them.
    """
    from cosictl.cli.sidecars.measuring import Wanted, run_measure

    wanted = Wanted(
        binary=binary or "",
        serve=serve,
        files=tuple(files or ()),
        sandbox=sandbox,
        api=api or "",
        speed=speed,
        watch_for=watch_for,
        socket=socket or "",
        yes=yes,
        dry_run=dry_run,
    )
    run_measure(shared, wanted)
