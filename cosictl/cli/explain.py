"""``cosictl explain``."""

# ruff: noqa: PLC0415 - libraries load when a command needs them, so that --help stays light

import re
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from cosictl.cli.complete import complete_topics
from cosictl.cli.options import Shared
from cosictl.cli.output import Format, choose_format, output, print_document
from cosictl.cli.said import program
from cosictl.cli.verbs import VERBS
from cosictl.errors import NotFoundError

if TYPE_CHECKING:
    from cosictl.knowledge.lookup import Page

_TERM_WIDTH = 22


def explain(
    shared: Shared,
    *,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="CODE|COMMAND",
            autocompletion=complete_topics,
            help="A finding code, gRPC code, S3 error code, policy, finalizer, image or outlook; or a command.",
        ),
    ] = None,
) -> None:
    """Explain a code, a word or a command, offline.

    Without one it lists what can be explained. -o json or yaml is for programs.
    """
    from cosictl.cli.manual import command_names
    from cosictl.knowledge.lookup import all_terms

    chosen = choose_format(shared, Format.TEXT, Format.JSON, Format.YAML)
    if not words:
        _print_terms((*all_terms(), *command_names()), chosen)
        return
    page = _page(words)
    if chosen is not Format.TEXT:
        sections = [{"heading": heading, "text": text} for heading, text in page.sections]
        print_document({"title": page.title, "sections": sections}, chosen)
        return
    from cosictl.render.pages.text import print_page

    print_page(page, output(shared))


def _page(words: Sequence[str]) -> "Page":
    """The page of a term or a command; raises NotFoundError, with what is spelled like it."""
    from cosictl.cli.manual import command_names, command_page, find_command
    from cosictl.knowledge.lookup import lookup, suggestions

    term = " ".join(words)
    # Before the terms: the annotation that a verb writes has other names, the verb has not.
    command = find_command(term.removeprefix("kubectl cosi ").split())
    if command is not None:
        return command_page(command)
    page = lookup(term)
    if page is not None:
        return page
    close = suggestions(term, more=command_names())
    meaning = f"did you mean {', '.join(close)}?" if close else ""
    raise NotFoundError(f'nothing is known as "{term}"', meaning=meaning, next_step=f"{program()} explain lists all")


def _print_terms(terms: Sequence[str], chosen: Format) -> None:
    """One term a line, with what it is, so that the list can be searched with grep."""
    if chosen is not Format.TEXT:
        print_document({"terms": list(terms)}, chosen)
        return
    sys.stdout.write("".join(f"{term:<{_TERM_WIDTH}}  {_what_is(term)}\n" for term in terms))


def _what_is(term: str) -> str:
    """The title of a page without the term itself: after the colon, or what stands in brackets."""
    if term in VERBS:
        # Known without loading the verb.
        return VERBS[term].words
    title = _page([term]).title
    _, colon, words = title.partition(": ")
    if colon or not title.lower().startswith(term.lower()):
        return words or title
    return "; ".join(dict.fromkeys(re.findall(r"\((.*?)\)", title)))
