"""``cosictl journal list`` and ``cosictl journal show``."""

# ruff: noqa: PLC0415 - libraries load when a command needs them, so that --help stays light

from typing import Annotated

import typer

from cosictl.cli.changing.options import Change
from cosictl.cli.options import Shared, with_shared

Folder = Annotated[
    str | None, typer.Option("--journal-dir", metavar="DIR", help="Where journals and backups are kept.")
]

journals = typer.Typer(rich_markup_mode=None)


def journals_root(shared: Shared) -> None:
    """What was changed: every run, what each step did, and what is left in the backend."""


def list_(shared: Shared, *, journal_dir: Folder = None) -> None:
    """List the runs, the oldest first.

    Needs no cluster.
    """
    from cosictl.cli.changing.history import list_runs

    list_runs(shared, Change(journal_dir=journal_dir).folder)


def show(
    shared: Shared,
    *,
    run: Annotated[str, typer.Argument(metavar="RUN", help="The run's ID, its beginning, or the journal's path.")],
    journal_dir: Folder = None,
) -> None:
    """Show one run: each step, what came of it, its backup, and what is left in the backend.

    Needs no cluster.
    """
    from cosictl.cli.changing.history import show_run

    show_run(shared, Change(journal_dir=journal_dir).folder, run)


journals.callback()(with_shared(journals_root))
journals.command("list")(with_shared(list_))
journals.command("show")(with_shared(show))
