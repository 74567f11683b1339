"""``cosictl version``."""

import platform
import sys

from cosictl import __version__
from cosictl.cli.options import Shared
from cosictl.cli.output import Format, choose_format, print_document


def version(shared: Shared) -> None:
    """Print the version.

    -o json or yaml also says what it runs on.
    """
    chosen = choose_format(shared, Format.TEXT, Format.JSON, Format.YAML)
    if chosen is Format.TEXT:
        sys.stdout.write(f"cosictl {__version__}\n")
        return
    facts = {"version": __version__, "python": platform.python_version(), "platform": platform.platform()}
    print_document(facts, chosen)
