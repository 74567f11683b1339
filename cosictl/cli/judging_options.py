"""Options of the commands that print a diagnosis, in whatever form."""

from typing import Annotated

import typer

from cosictl.cli.complete import complete_findings, complete_policies

Assume = Annotated[
    str | None,
    typer.Option(
        "--assume-sidecar",
        metavar="POLICY",
        autocompletion=complete_policies,
        help="What if this sidecar release were running?",
    ),
]
OnlyFinding = Annotated[
    str | None,
    typer.Option("--finding", metavar="CODE", autocompletion=complete_findings, help="Only findings of this code."),
]
