"""Lines on stderr: one error, one line; foreign text in it masked and escaped."""

import sys
import unicodedata
from collections.abc import Sequence
from pathlib import PurePath
from typing import Final

from cosictl.errors import CosictlError
from cosictl.intake.redact import redact

PLUGIN: Final = "kubectl-cosi"
# An error line that quotes a whole response body would bury its beginning.
MAX_LINE: Final = 2000


def program() -> str:
    """What the person typed to start us: ``kubectl cosi`` through the plugin shim, else ``cosictl``."""
    name = PurePath(sys.argv[0] if sys.argv else "").name.replace("_", "-")
    return "kubectl cosi" if name.removesuffix(".exe").startswith(PLUGIN) else "cosictl"


def plain(text: str) -> str:
    """Mask credentials and show control, format and lone surrogate characters as escapes, line breaks included."""
    return escaped(redact(text))


def escaped(text: str) -> str:
    """Show control, format and lone surrogate characters as escapes, line breaks included."""
    return "".join(_shown(char) for char in text)


def _shown(char: str) -> str:
    # Cc control, Cf format (bidi, zero width), Cs surrogates, Zl and Zp line breaks, Co private use.
    if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp", "Co"}:
        return char.encode("unicode_escape", "surrogatepass").decode("ascii")
    return char


def say(text: str) -> None:
    """Print one line on stderr."""
    if sys.stderr is not None:
        shown = plain(text)
        sys.stderr.write((shown if len(shown) <= MAX_LINE else f"{shown[:MAX_LINE]}…") + "\n")
        sys.stderr.flush()


def say_error(error: CosictlError) -> None:
    """Print ``PROGRAM: what; meaning; next step``."""
    hint: Sequence[str] = [error.what, error.meaning, spoken(error.next_step)]
    say(f"{program()}: {'; '.join(part for part in hint if part)}")


def spoken(hint: str) -> str:
    """A hint that names our commands, in the words the person uses."""
    return hint.replace("cosictl ", f"{program()} ")
