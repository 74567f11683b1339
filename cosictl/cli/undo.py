"""``cosictl undo``."""

# ruff: noqa: PLC0415 - libraries load when a command needs them, so that --help stays light

from typing import Annotated

import typer

from cosictl.cli.changing.options import Ask, Change
from cosictl.cli.options import Shared, with_options


@with_options("change", Change)
def undo(
    shared: Shared,
    *,
    change: Change,
    run: Annotated[str, typer.Argument(metavar="RUN|JOURNAL", help="The run to take back, or its journal's path.")],
) -> None:
    """Take a run back, the last step first, as far as there is a way back.

    It is a plan like any other, and a run of its own with a journal of its own. Without --apply it is only planned.
    """
    from cosictl.cli.changing.carrying import undo_run

    undo_run(shared, change, Ask(), run)
