"""The file names of the completion scripts: ``python -m cosictl.cli.completion_names SHELL`` prints one."""

import sys
from typing import Final

from cosictl.cli.completion_scripts import Shell

FILE_NAMES: Final = {
    Shell.BASH: "cosictl.bash",
    Shell.ZSH: "_cosictl",
    Shell.FISH: "cosictl.fish",
    Shell.KUBECTL: "kubectl_complete-cosi",
}

if __name__ == "__main__":
    sys.stdout.write(f"{FILE_NAMES[Shell(sys.argv[1])]}\n")
