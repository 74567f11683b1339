"""Diagnose the recording that ships with the program, then say what to type next (``make demo``)."""

import os
import sys
from pathlib import Path

from cosictl.__main__ import main
from cosictl.demo import RECORDING
from cosictl.errors import Exit


def demo() -> int:
    """Show a diagnosis, and what to do after it. Finding stuck objects is what the demo is for, so that is a 0."""
    recording = _short(RECORDING)
    python = Path(sys.executable)
    script = python.with_name("cosictl")
    command = _short(script) if script.exists() else f"{_short(python)} -m cosictl"
    sys.stdout.write(f"$ {command} diagnose -f {recording}\n\n")
    sys.argv[:] = ["cosictl", "diagnose", "-f", recording]
    code = main()
    if code not in {Exit.OK, Exit.STUCK, Exit.UNKNOWN}:
        return code
    sys.stdout.write(
        "\n"
        "That was a recording of a real cluster whose driver answers with known errors. Next:\n"
        f"  {command} explain COSI104                    what a finding means\n"
        f"  {command} events claim/create-invalidargument -f {recording}\n"
        f"  {command} diagnose                           your own cluster, with your kubeconfig; nothing is changed\n"
        f"  {command} diagnose -f DIR                    files that somebody sent you\n"
        f"  {command} --help                             everything else\n"
    )
    activate = python.with_name("activate")
    if script.exists() and activate.exists():
        sys.stdout.write(f"To type only cosictl: source {_short(activate)}\n")
    return Exit.OK


def _short(path: Path) -> str:
    """A path as it is typed from here, where it is below here."""
    here = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow the link of a virtual environment
    return str(here.relative_to(Path.cwd())) if here.is_relative_to(Path.cwd()) else str(here)


if __name__ == "__main__":
    sys.exit(demo())
