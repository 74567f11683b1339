"""``cosictl classify``."""

# ruff: noqa: PLC0415 - libraries load when a command needs them, so that --help stays light

import sys
from collections.abc import Iterable
from enum import StrEnum
from itertools import chain
from typing import TYPE_CHECKING, Annotated

import typer

from cosictl.cli.options import Shared
from cosictl.cli.output import Format, choose_format, output
from cosictl.cli.said import program, say

if TYPE_CHECKING:
    from cosictl.flows.classify import Classified


class Input(StrEnum):
    """How the input is written."""

    TEXT = "text"
    JSONL = "jsonl"


def classify(
    shared: Shared,
    *,
    texts: Annotated[
        list[str] | None, typer.Argument(metavar="TEXT", help="Messages; - reads them from stdin.")
    ] = None,
    files: Annotated[
        list[str] | None,
        typer.Option("--filename", "-f", metavar="FILE", help="Read messages from a file or -; repeatable."),
    ] = None,
    written: Annotated[Input, typer.Option("--input", help="One message, or one JSON object, a line.")] = Input.TEXT,
) -> None:
    """Say what error messages mean.

    Of each message or log line: whether retrying can help, what went wrong, and who can fix it. With --input jsonl
    each line is an object with text and optionally id, rpc, carrier and api. -o is table, json or jsonl; jsonl
    answers each line as it comes.
    """
    from cosictl.cli.messages import read_messages
    from cosictl.flows.classify import classify_lines

    chosen = choose_format(shared, Format.TABLE, Format.JSONL, Format.JSON)
    batches = (
        batch
        for origin, lines in read_messages(texts or (), files or ())
        for batch in classify_lines(lines, is_json=written is Input.JSONL, origin=origin)
    )
    # The first answer before anything is printed: where the input cannot be read, stdout stays empty.
    first = next(batches, None)
    if first is None:
        say(f"{program()}: nothing to classify: the input is empty")
    _print(chain([] if first is None else [first], batches), shared, chosen, empty=first is None)


def _print(batches: Iterable[list["Classified"]], shared: Shared, chosen: Format, *, empty: bool) -> None:
    from cosictl.render.document import classification_lines, classification_row
    from cosictl.render.machine import dump_json

    if chosen is Format.TABLE:
        from cosictl.render.tables import print_classifications

        pairs = ((item.classification, item.message.text) for batch in batches for item in batch)
        print_classifications(pairs, output(shared), no_headers=shared.no_headers or empty)
    elif chosen is Format.JSON:
        rows = (classification_row(it.classification, row_id=it.message.id) for batch in batches for it in batch)
        dump_json(list(rows), sys.stdout)
    else:
        for batch in batches:
            ids = [item.message.id for item in batch]
            sys.stdout.writelines(classification_lines([item.classification for item in batch], ids))
            # Who follows a log wants the answer now, not when a buffer is full.
            sys.stdout.flush()
