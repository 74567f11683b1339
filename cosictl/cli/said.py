"""Lines on stderr: one error, one line; foreign text in it masked and escaped."""

# ruff: noqa: PLC0415 - masking loads when there is something to say, so that --help stays light

import shlex
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

from cosictl.errors import CosictlError

if TYPE_CHECKING:
    from cosictl.model.snapshot import Snapshot

PLUGIN: Final = "kubectl-cosi"
_TOKEN: Final = "--token"
_ANY_TOKEN: Final = "TOKEN"
# An error line that quotes a whole response body would bury its beginning.
MAX_LINE: Final = 2000


def program() -> str:
    """What the person typed to start us: ``kubectl cosi`` through the plugin shim, else ``cosictl``."""
    name = PurePath(sys.argv[0] if sys.argv else "").name.replace("_", "-")
    return "kubectl cosi" if name.removesuffix(".exe").startswith(PLUGIN) else "cosictl"


def typed() -> list[str]:
    """Return what the person typed, to be shown: a token is not."""
    words: list[str] = []
    for word in sys.argv[1:]:
        if words[-1:] == [_TOKEN]:
            words.append(_ANY_TOKEN)
        else:
            words.append(f"{_TOKEN}={_ANY_TOKEN}" if word.startswith(f"{_TOKEN}=") else word)
    return words


def same_again() -> str:
    """What the person typed, to be typed again with more options behind it: ``cosictl diagnose -f dump``."""
    words = typed()
    if "--" in words:
        # Behind these dashes nothing is an option. No name begins with one: they can do without.
        words.remove("--")
    return f"{program()} {plain(shlex.join(words))}"


def plain(text: str) -> str:
    """Mask credentials, and spell control, bidi and invisible characters out, line breaks included."""
    from cosictl.intake.redact import redact
    from cosictl.render.safe import escape

    return escape(redact(text))


def say(text: str) -> None:
    """Print one line on stderr; where nobody reads it, that is no reason to fail."""
    shown = plain(text)
    with suppress(OSError):
        sys.stderr.write((shown if len(shown) <= MAX_LINE else f"{shown[:MAX_LINE]}…") + "\n")
        sys.stderr.flush()


def say_error(error: CosictlError) -> None:
    """Print ``PROGRAM: what; meaning; next step``."""
    hint: Sequence[str] = [error.what, error.meaning, spoken(error.next_step)]
    say(f"{program()}: {'; '.join(part for part in hint if part)}")


def say_none(what: str, namespace: str) -> None:
    """Say on stderr that there is nothing, in kubectl's words."""
    say(f"{what} in {namespace} namespace." if namespace else f"{what}.")


def say_unread(snapshot: "Snapshot") -> None:
    """Say on stderr, in one line, what somebody refused or what failed: answers may lack for it."""
    from cosictl.model.snapshot import ReadOutcome

    lost = [status for status in snapshot.reads if status.outcome in {ReadOutcome.FORBIDDEN, ReadOutcome.FAILED}]
    if lost:
        words = ", ".join(f"{status.resource} ({status.outcome})" for status in lost)
        say(f"{program()}: not read: {words}; what is shown may lack for it; -v has the server's words")


def spoken(hint: str) -> str:
    """A hint that names our commands, in the words the person uses."""
    return hint.replace("cosictl ", f"{program()} ")
