"""The program: the root command, its verbs, and how a command line becomes an exit code."""

import os
import re
from collections.abc import Sequence
from typing import Annotated, Final

import typer

from cosictl import __version__
from cosictl.cli.argv import respell
from cosictl.cli.exits import MEANINGS, spelled
from cosictl.cli.options import Shared, with_shared
from cosictl.cli.said import program
from cosictl.cli.verbs import VERBS, VerbGroup
from cosictl.errors import Exit, UsageError

COMPLETE: Final = "_COSICTL_COMPLETE"
# What people type who come from other tools.
ELSEWHERE: Final = {
    **dict.fromkeys(("check", "debug", "describe", "doctor", "inspect", "status", "troubleshoot", "why"), "diagnose"),
    **dict.fromkeys(("list", "ls", "show"), "get claims -A"),
    **dict.fromkeys(("delete", "remove", "rm", "unstick"), "cleanup"),
    **dict.fromkeys(("fix", "heal"), "repair or cleanup"),
    **dict.fromkeys(("log", "logs"), "events --logs"),
    **dict.fromkeys(("backup", "dump", "must-gather"), "snapshot -o FILE"),
    "watch": "diagnose -w",
    "rollback": "undo",
}
EPILOG: Final = f"Exit codes: {', '.join(f'{spelled(code)} {meaning}' for code, meaning in MEANINGS.items())}."
app = typer.Typer(
    cls=VerbGroup,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
    epilog=EPILOG,
)


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - typer calls an option's callback with its value
    if wanted:
        typer.echo(f"cosictl {__version__}")
        raise typer.Exit


def root(
    shared: Shared,
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Find out why an object-storage bucket (COSI) is stuck, and what to do about it.

    It reads what the cluster recorded, or a dump, and says what is stuck, why, whether waiting helps, who can fix it,
    what to type, and what could be lost by typing it.
    """


app.callback()(with_shared(root))


def run(words: Sequence[str]) -> int:
    """Run one command line and return its exit code; raises CosictlError, and what the command raises."""
    command = typer.main.get_command(app)
    if COMPLETE in os.environ:
        typer.main.get_install_completion_arguments()  # makes typer know the shells
        command.main(args=[], prog_name=program(), complete_var=COMPLETE)
    try:
        with command.make_context(program(), respell(words)) as context:
            command.invoke(context)
    except typer.Exit as done:
        return done.exit_code
    except typer.TyperException as error:
        raise _usage(error, words) from None
    return Exit.OK


def _usage(error: typer.TyperException, words: Sequence[str]) -> UsageError:
    """Say in one line what is wrong with the command line, and where the right one is described."""
    message = " ".join(error.format_message().split()).replace("Value error, ", "").rstrip(".")
    verbs = [word for word in words if word in VERBS][:1]
    unknown = re.match(r"No such command '([\w-]+)'", message)
    # Below a verb the same words mean something else.
    if unknown is not None and unknown[1] in ELSEWHERE and not verbs:
        here = f"{program()} {ELSEWHERE[unknown[1]]}"
        return UsageError(
            f"no such command '{unknown[1]}'", meaning=f"that is {here}", next_step=f"see {program()} --help"
        )
    below = VERBS[verbs[0]].below if verbs else ()
    verbs += [word for word in words[words.index(verbs[0]) if verbs else 0 :] if word in below][:1]
    path = " ".join([program(), *verbs])
    option = getattr(error, "option_name", "")
    misplaced = verbs and option in words and words.index(option) < words.index(verbs[0])
    step = f"options of {verbs[-1]} stand after it, see {path} --help" if misplaced else f"see {path} --help"
    return UsageError(message[:1].lower() + message[1:], next_step=step)
