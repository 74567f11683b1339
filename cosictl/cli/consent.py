"""Consent: what a call can do is said first; then a person says yes, or repeats the digest of what was shown."""

import sys
from typing import Final

from cosictl.cli.said import program
from cosictl.errors import RefusedError
from cosictl.knowledge.risks import CallRisk, Risk

_YES: Final = frozenset({"y", "yes"})


def agree(risk: CallRisk, *, yes: bool, digest: str, confirm: str | None) -> None:
    """Return where a call may be made; raises RefusedError."""
    if risk.risk is Risk.DESTROYS:
        _agree_digest(digest, confirm)
    elif risk.risk is not Risk.FREE and not yes:
        _ask()


def _agree_digest(digest: str, confirm: str | None) -> None:
    if confirm is None:
        raise RefusedError(
            "not sent: this destroys something", next_step=f"if that is what you want, add --confirm {digest}"
        )
    if confirm != digest:
        raise RefusedError(
            "not sent: the digest is not that of what would be sent now",
            meaning="the object, the request or the driver's address moved since, or the digest is of something else",
            next_step=f"review what is shown; its digest is {digest}",
        )


def _ask() -> None:
    if not (sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()):
        raise RefusedError("not sent: nobody is here to agree", next_step="add --yes, or --dry-run to only look")
    sys.stderr.write(f"{program()}: send it? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in _YES:
        raise RefusedError("not sent")
