"""Diagnose the recording that ships with the program and a loop that runs right now, then say what to type next.

``make demo`` calls it. The loop needs the sandbox's optional library; without it the demo says what to install.
"""

import importlib.util
import os
import subprocess
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
    sys.stdout.write("\nThat was a recording of a real cluster, whose driver answers with known errors.\n")
    code = _live(python, command)
    if code not in {Exit.OK, Exit.STUCK, Exit.UNKNOWN}:
        return code
    sys.stdout.write(
        "\nNext:\n"
        f"  {command} explain COSI104                    what a finding means\n"
        f"  {command} events claim/create-invalidargument -f {recording}\n"
        f"  {command} diagnose                           your own cluster, with your kubeconfig; nothing is changed\n"
        f"  {command} diagnose -f DIR                    files that somebody sent you\n"
        f"  {command} sandbox --list-scenarios           other stories to play with kubectl and cosictl\n"
        f"  {command} --help                             everything else\n"
    )
    activate = python.with_name("activate")
    if script.exists() and activate.exists():
        sys.stdout.write(f"To type only cosictl: source {_short(activate)}\n")
    return Exit.OK


def _live(python: Path, command: str) -> int:
    """Play the report's story on loopback, a minute a second, and diagnose it while it loops. Return the exit code."""
    if importlib.util.find_spec("aiohttp") is None:
        sys.stdout.write("A live loop to look at needs an optional library: pip install 'cosictl[sandbox]'\n")
        return Exit.OK
    sys.stdout.write(
        "Now a live one: a sandbox on loopback plays a claim that is retried for ever, a minute a second.\n\n"
        f"$ {command} sandbox --speed 60 exec -- {command} diagnose\n\n"
    )
    sys.stdout.flush()
    cosictl = [str(python), "-m", "cosictl"]
    words = [*cosictl, "sandbox", "--speed", "60", "exec", "--", *cosictl, "diagnose"]
    return subprocess.run(words, check=False).returncode  # noqa: S603 - our own program, with words of our own


def _short(path: Path) -> str:
    """A path as it is typed from here, where it is below here."""
    here = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow the link of a virtual environment
    return str(here.relative_to(Path.cwd())) if here.is_relative_to(Path.cwd()) else str(here)


if __name__ == "__main__":
    sys.exit(demo())
