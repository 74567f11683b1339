"""What is printed when the program itself is at fault: a report that can be pasted into an issue."""

import platform
import sys
import traceback
from importlib import metadata
from types import TracebackType
from typing import Final

from cosictl import __version__
from cosictl.intake.redact import redact
from cosictl.render.safe import escape

LIBRARIES: Final = ("typer", "rich", "msgspec", "kubernetes", "grpcio", "protobuf", "PyYAML")


def report_bug(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print versions and the traceback on stderr, credentials masked; fits ``sys.excepthook`` (Python then exits 1)."""
    lines = [
        "cosictl: this is a bug in cosictl, not in your cluster; please report it with the lines below",
        f"cosictl {__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}",
        ", ".join(f"{name} {_version(name)}" for name in LIBRARIES),
        # Masked as a whole: a private key stands on several lines.
        *redact("".join(traceback.format_exception(kind, error, trace))).splitlines(),
    ]
    sys.stderr.write("".join(f"{escape(line)}\n" for line in lines))


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "absent"
