"""``cosictl report diff``."""

# ruff: noqa: PLC0415 - libraries load when a command needs them, so that --help stays light

import sys
from typing import Annotated

import typer

from cosictl.cli.options import Shared
from cosictl.cli.output import Format, choose_format, output, print_document
from cosictl.errors import UsageError


def diff(
    shared: Shared,
    *,
    old: Annotated[str, typer.Argument(metavar="OLD", help="The earlier one: a dump, a saved report, or -.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The later one.")],
    show_all: Annotated[bool, typer.Option("--all", help="Name every object.")] = False,
) -> None:
    """Say what got stuck and what got better between two dumps or reports.

    OLD and NEW are each what -f reads elsewhere (a file, a folder), or a report saved with diagnose -o json or -o yaml.
    Objects are the same where their UIDs are. What one side could not read is not compared: it is never told as better.
    -o json and -o yaml print one document, -o jsonl a line for each difference. Exit code 0: they were compared.
    """
    from datetime import UTC, datetime

    from cosictl.cli.streams import standard_input
    from cosictl.flows.report_diff import compare_files
    from cosictl.intake.files import STDIN

    chosen = choose_format(shared, Format.TEXT, Format.JSON, Format.YAML, Format.JSONL)
    if shared.namespace or shared.selector:
        raise UsageError("report diff compares all that OLD and NEW hold", next_step="leave out -n and -l")
    stdin = standard_input() if STDIN in {old, new} else None
    found = compare_files((old, new), stdin=stdin, clock=datetime.now(UTC))
    if chosen is Format.TEXT:
        from cosictl.render.diff_text import print_differences

        print_differences(found, output(shared), show_all=show_all)
        return
    from cosictl.render.diff_document import diff_document, difference_document
    from cosictl.render.machine import dump_jsonl

    if chosen is Format.JSONL:
        for item in found.changes:
            dump_jsonl(difference_document(item), sys.stdout)
        return
    print_document(diff_document(found), chosen)
