"""Consent to a plan: a person at a terminal, who reads what is asked; or the digest of what was shown."""

import sys
from typing import Final

from cosictl.cli.said import program
from cosictl.errors import RefusedError
from cosictl.model.plan import Action, Plan
from cosictl.remedy.document import digest_of_plan

_YES: Final = frozenset({"y", "yes"})
_DELETES: Final = frozenset({Action.DELETE_OBJECT, Action.DELETE_AT_DRIVER, Action.REVOKE_AT_DRIVER})


def ask_for(plan: Plan) -> None:
    """Ask at the terminal; raises RefusedError where nobody is there, or says no."""
    if not (sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()):
        raise RefusedError(
            "nothing was changed: nobody is here to agree",
            next_step=f"if that is what you want, add --confirm {digest_of_plan(plan)}",
        )
    for question in plan.asks:
        _must(_asked(f"{question} [y/N] ").lower() in _YES)
    gone = {step.target.ref for step in plan.steps if step.action in _DELETES}
    if len(gone) > 1:
        _must(_asked(f"{len(gone)} objects will be deleted; type their number to go on: ") == str(len(gone)))
    else:
        _must(_asked(f"do it, {len(plan.steps)} step{'' if len(plan.steps) == 1 else 's'}? [y/N] ").lower() in _YES)


def _asked(question: str) -> str:
    sys.stderr.write(f"{program()}: {question}")
    sys.stderr.flush()
    return sys.stdin.readline().strip()


def _must(agreed: bool) -> None:  # noqa: FBT001 - one answer, read as one
    if not agreed:
        raise RefusedError("nothing was changed")
