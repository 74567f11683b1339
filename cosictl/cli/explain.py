"""``cosictl explain``."""

# ruff: noqa: PLC0415 - libraries load when a command needs them, so that --help stays light

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from cosictl.cli.complete import complete_terms
from cosictl.cli.options import Shared
from cosictl.cli.output import Format, choose_format, output, print_document
from cosictl.cli.said import program
from cosictl.errors import NotFoundError


def explain(
    shared: Shared,
    *,
    code: Annotated[
        str | None,
        typer.Argument(
            metavar="CODE",
            autocompletion=complete_terms,
            help="A finding code, gRPC code, S3 error code, policy, finalizer, image or outlook.",
        ),
    ] = None,
) -> None:
    """Explain a code or a word, offline.

    Without one it lists what can be explained. -o json or yaml is for programs.
    """
    from cosictl.knowledge.lookup import all_terms, lookup, suggestions

    chosen = choose_format(shared, Format.TEXT, Format.JSON, Format.YAML)
    if code is None:
        _print_terms(all_terms(), chosen)
        return
    page = lookup(code)
    if page is None:
        close = suggestions(code)
        meaning = f"did you mean {', '.join(close)}?" if close else ""
        raise NotFoundError(
            f'nothing is known as "{code}"', meaning=meaning, next_step=f"{program()} explain lists all"
        )
    if chosen is not Format.TEXT:
        sections = [{"heading": heading, "text": text} for heading, text in page.sections]
        print_document({"title": page.title, "sections": sections}, chosen)
        return
    from cosictl.render.tables import print_page

    print_page(page, output(shared))


def _print_terms(terms: Sequence[str], chosen: Format) -> None:
    """One term a line, so that the list can be searched with grep."""
    if chosen is Format.TEXT:
        sys.stdout.write("".join(f"{term}\n" for term in terms))
    else:
        print_document({"terms": list(terms)}, chosen)
