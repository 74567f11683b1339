"""``cosictl completion``."""

import sys
from typing import Annotated

import typer

from cosictl.cli.completion_scripts import SCRIPTS, Shell
from cosictl.cli.options import Shared


def completion(
    shared: Shared,  # noqa: ARG001 - every command takes the shared options
    *,
    shell: Annotated[Shell, typer.Argument(metavar="bash|zsh|fish|kubectl", help="The shell to complete in.")],
) -> None:
    """Print the completion script of a shell.

    bash: source <(cosictl completion bash). zsh: write it to a file _cosictl in a folder of $fpath. fish: write it to
    ~/.config/fish/completions/cosictl.fish. kubectl: write it to an executable file kubectl_complete-cosi in $PATH.
    """
    sys.stdout.write(SCRIPTS[shell])
