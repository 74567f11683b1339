"""``cosictl rbac print``."""

# ruff: noqa: PLC0415 - libraries load when a command needs them, so that --help stays light

import sys
from typing import Annotated

import typer

from cosictl.cli.complete import complete_uses
from cosictl.cli.options import Shared
from cosictl.cli.output import Format, choose_format, print_document
from cosictl.cli.rbac.uses import given_namespace, parse_use


def print_(
    shared: Shared,
    *,
    use: Annotated[
        str, typer.Argument(metavar="USE", autocompletion=complete_uses, help="read-only, probe or remedy.")
    ],
    bind_to: Annotated[
        str | None,
        typer.Option(
            "--bind-to",
            metavar="WHOM",
            help="Also print bindings: to user:NAME, group:NAME or serviceaccount:NAMESPACE/NAME.",
        ),
    ] = None,
) -> None:
    """Print the smallest roles for a use, as manifests to apply.

    read-only is for looking, probe for asking drivers, remedy for changing things. One ClusterRole; with -n Roles for
    that namespace, and a ClusterRole for what no Role can grant. In YAML each rule says which commands need it, and
    what they do without it. Nothing is asked of a cluster.
    """
    from cosictl.flows.rights import parse_subject, roles_of
    from cosictl.render.rights_text import manifests, yaml_lines

    chosen = choose_format(shared, Format.YAML, Format.JSON)
    roles = roles_of(parse_use(use), given_namespace(shared))
    subject = parse_subject(bind_to) if bind_to is not None else None
    if chosen is Format.JSON:
        print_document(manifests(roles, subject), chosen)
    else:
        sys.stdout.writelines(f"{line}\n" for line in yaml_lines(roles, subject))
