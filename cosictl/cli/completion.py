"""``cosictl completion``."""

import sys
from enum import StrEnum
from typing import Annotated

import typer

from cosictl.cli.completion_scripts import SCRIPTS, Shell
from cosictl.cli.options import Shared
from cosictl.errors import UsageError


class Asked(StrEnum):
    """What the first word can be: a shell whose script is printed, or the wish to install one."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"
    KUBECTL = "kubectl"
    INSTALL = "install"


def completion(
    shared: Shared,  # noqa: ARG001 - every command takes the shared options
    *,
    asked: Annotated[
        Asked,
        typer.Argument(
            metavar="bash|zsh|fish|kubectl|install",
            help="The shell whose script is printed, or install to put it away.",
        ),
    ],
    shell: Annotated[
        Shell | None, typer.Argument(metavar="[SHELL]", help="What to install; without it the shell of $SHELL.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="With install: say what would be written, and write nothing.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="With install: replace a file that differs.")] = False,
) -> None:
    """Print or install the completion script of a shell.

    install writes it to the folder of yours that the shell reads, and says what remains to be typed; no other file is
    changed. kubectl is for "kubectl cosi" in any shell.
    """
    if asked is Asked.INSTALL:
        from cosictl.cli.completion_install import install  # noqa: PLC0415 - only to print a script takes less

        install(shell, dry_run=dry_run, force=force)
    elif shell is not None or dry_run or force:
        raise UsageError(
            f"completion {asked} only prints the script", next_step=f"to install it: cosictl completion install {asked}"
        )
    else:
        sys.stdout.write(SCRIPTS[Shell(asked)])
