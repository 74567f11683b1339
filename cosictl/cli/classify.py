"""``cosictl classify``."""

# ruff: noqa: PLC0415 - libraries load when a command needs them, so that --help stays light

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cosictl.cli.options import Shared
from cosictl.cli.output import Format, choose_format, output
from cosictl.errors import DumpError, UsageError

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
    from cosictl.flows.classify import classify_lines

    chosen = choose_format(shared, Format.TABLE, Format.JSONL, Format.JSON)
    results = (
        result
        for origin, lines in _inputs(texts or (), files or ())
        for result in classify_lines(lines, is_json=written is Input.JSONL, origin=origin)
    )
    _print(results, shared, chosen)


def _print(results: Iterable["Classified"], shared: Shared, chosen: Format) -> None:
    from cosictl.render.document import classification_row
    from cosictl.render.machine import dump_json, dump_jsonl

    if chosen is Format.TABLE:
        from cosictl.render.tables import print_classifications

        pairs = ((item.classification, item.entry.text) for item in results)
        print_classifications(pairs, output(shared), no_headers=shared.no_headers)
        return
    rows = (classification_row(item.classification, row_id=item.entry.id) for item in results)
    if chosen is Format.JSON:
        dump_json(list(rows), sys.stdout)
        return
    for row in rows:
        dump_jsonl(row, sys.stdout)
        # Who follows a log wants the answer now, not when a buffer is full.
        sys.stdout.flush()


def _inputs(texts: Sequence[str], files: Sequence[str]) -> Iterator[tuple[str, Iterable[str]]]:
    """Yield what to read, by name: the arguments, then the files; stdin where there is neither."""
    if not texts and not files:
        if sys.stdin is None or sys.stdin.isatty():
            raise UsageError("nothing to classify", next_step="give a TEXT, -f FILE, or pipe something in")
        files = ("-",)
    if list(texts) == ["-"]:
        texts, files = (), ("-", *files)
    if texts:
        yield "arguments", texts
    for path in files:
        yield ("standard input" if path == "-" else path), _lines(path)


def _lines(path: str) -> Iterator[str]:
    from cosictl.cli.wiring import standard_input

    try:
        with nullcontext(standard_input()) if path == "-" else Path(path).open("rb") as stream:
            for line in stream:
                yield line.decode("utf-8", "replace")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise DumpError(f"{path}: cannot be read: {reason or error}", next_step="check the path") from None
