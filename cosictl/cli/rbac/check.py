"""``cosictl rbac check``."""

# ruff: noqa: PLC0415 - libraries load when a command needs them, so that --help stays light

from functools import partial
from typing import Annotated

import typer

from cosictl.cli.complete import complete_uses
from cosictl.cli.options import Shared
from cosictl.cli.output import Format, choose_format, output, print_document
from cosictl.cli.rbac.uses import given_namespace, parse_use
from cosictl.cli.said import program
from cosictl.model.rights import Use


def check(
    shared: Shared,
    *,
    uses: Annotated[
        list[str] | None,
        typer.Argument(metavar="USE", autocompletion=complete_uses, help="read-only, probe or remedy; all of them."),
    ] = None,
) -> None:
    """Ask the server which rights you have, and say which commands are incomplete without the others.

    With -n it asks about that namespace; without, about the whole cluster, and where that is refused about the
    context's namespace. --as and --as-group ask for somebody else. The exit code is 0, whatever is missing.
    """
    from cosictl.cli.live import connect_options
    from cosictl.cluster.connect import connect
    from cosictl.cluster.rights import permitted
    from cosictl.cluster.writer import who_am_i
    from cosictl.flows.rights import ask_about, incomplete, rights_of
    from cosictl.render.rights_text import held_document, print_held

    namespace = given_namespace(shared)
    chosen = choose_format(shared, Format.TEXT, Format.JSON, Format.YAML)
    wanted = [parse_use(word) for word in uses or Use]
    conn = connect(connect_options(shared))
    held = ask_about(rights_of(wanted), given=namespace, own=conn.namespace, ask=partial(permitted, conn))
    user = who_am_i(conn)
    parts = [(use, [one for one in held if one.right.use is use]) for use in Use if use in wanted]
    judged = [(use.value, some, incomplete(some)) for use, some in parts]
    if chosen is not Format.TEXT:
        print_document(held_document(judged, user=user, source=conn.source, namespace=namespace), chosen)
        return
    out = output(shared)
    where = f"namespace {namespace}" if namespace else "the whole cluster"
    # Servers before Kubernetes 1.28 do not tell.
    out.line(f"{user or 'you (the server does not say who that is)'} on {conn.source}, {where}")
    for use, some, commands in judged:
        out.line()
        print_held(use, some, commands, out)
        if any(commands.values()):
            again = f" -n {namespace}" if namespace else ""
            out.line(f"  {program()} rbac print {use}{again} prints what grants the rest", style="dim")
