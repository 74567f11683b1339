"""``cosictl probe-driver check``."""

# ruff: noqa: PLC0415 - libraries load when a command needs them, so that --help stays light

from typing import Annotated

import typer

from cosictl.cli.options import Shared
from cosictl.cli.probe_driver.options import Dial, with_dial

Pairs = list[str] | None
Parameters = Annotated[
    Pairs, typer.Option("--parameter", metavar="KEY=VALUE", help="A parameter of every bucket; repeatable.")
]
OtherParameters = Annotated[
    Pairs, typer.Option("--other-parameter", metavar="KEY=VALUE", help="One that makes a bucket another one.")
]
AccessParameters = Annotated[
    Pairs, typer.Option("--access-parameter", metavar="KEY=VALUE", help="A parameter of every grant.")
]


@with_dial
def check(
    shared: Shared,
    dial: Dial,
    *,
    api: Annotated[
        str | None, typer.Option("--api", metavar="VERSION", help="v1alpha1 or v1alpha2; else all the driver speaks.")
    ] = None,
    focus: Annotated[str | None, typer.Option("--focus", metavar="REGEX", help="Only cases whose id matches.")] = None,
    skip: Annotated[str | None, typer.Option("--skip", metavar="REGEX", help="No cases whose id matches.")] = None,
    repeat: Annotated[int, typer.Option("--repeat", metavar="N", min=1, max=1000, help="Run each case N times.")] = 1,
    list_cases: Annotated[bool, typer.Option("--list", help="List the cases, and stop.")] = False,
    parameter: Parameters = None,
    other_parameter: OtherParameters = None,
    access_parameter: AccessParameters = None,
    authentication: Annotated[
        str, typer.Option("--authentication", metavar="TYPE", help="Key, or IAM (v1alpha2: ServiceAccount).")
    ] = "Key",
    fill: Annotated[
        str | None,
        typer.Option("--fill", metavar="COMMAND", help="Puts an object into the bucket $COSI_BUCKET_ID."),
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave what was made, for a look at it.")] = False,
    clean_up_only: Annotated[
        str | None, typer.Option("--clean-up-only", metavar="PREFIX", help="Remove what an earlier check left.")
    ] = None,
    no_cluster: Annotated[
        bool, typer.Option("--no-cluster", help="Do not look up which IDs the cluster's Buckets use.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Begin without asking.")] = False,
) -> None:
    """Check whether a driver keeps the specification's promises.

    It makes buckets and accounts of its own, with a random prefix, and removes them even when it is interrupted; it
    never touches any that it did not make. Each case says what the specification asks for, and what a driver that
    breaks it looks like in a cluster. -o json and -o junit are for programs. Exit code 1: a case failed.
    """
    from cosictl.cli.probe_driver.checking import Wanted, list_all, run_check

    wanted = Wanted(
        api=api or "",
        focus=focus or "",
        skip=skip or "",
        repeat=repeat,
        parameters=tuple(parameter or ()),
        other_parameters=tuple(other_parameter or ()),
        access_parameters=tuple(access_parameter or ()),
        authentication=authentication,
        fill=fill or "",
        keep=keep,
        prefix=clean_up_only or "",
        no_cluster=no_cluster,
        yes=yes,
    )
    if list_cases:
        list_all(shared, wanted)
    else:
        run_check(shared, dial, wanted)
