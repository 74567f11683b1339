"""``cosictl version``."""

import json
import platform
import sys
from pathlib import Path
from typing import Final

from cosictl import __version__
from cosictl.cli.options import Shared
from cosictl.cli.output import Format, choose_format, print_document

# Lies beside the package where the single-file archive was unpacked.
ARCHIVE: Final = "archive.json"


def version(shared: Shared) -> None:
    """Print the version, what it runs on, and how it was installed."""
    chosen = choose_format(shared, Format.TEXT, Format.JSON, Format.YAML)
    facts = {
        "version": __version__,
        "python": platform.python_version(),
        "executable": sys.executable,
        "platform": platform.platform(),
        "installed": _installed(Path(__file__).resolve().parents[2]),
    }
    if chosen is Format.TEXT:
        sys.stdout.write(f"cosictl {__version__}\n")
        sys.stdout.write("".join(f"  {name:<10} {value}\n" for name, value in facts.items() if name != "version"))
    else:
        print_document(facts, chosen)


def _installed(folder: Path) -> str:
    """Say how the package came into a folder."""
    archive = folder / ARCHIVE
    if archive.is_file():
        return f"single-file archive {json.loads(archive.read_text())['name']}, unpacked in {folder}"
    return f"source tree {folder}" if (folder / "pyproject.toml").is_file() else f"package in {folder}"
