"""Ask again, politely: for busy servers and broken connections, a bounded number of times."""

import random
import time
from collections.abc import Callable
from typing import Final

from cosictl.cluster.connect import Response
from cosictl.cluster.noanswer import NEVER_SENT, NoAnswerError

# Jitter, so that many clients do not come back together; nothing secret depends on it. Dice of our own: whoever has
# seeded those of the process counts on them.
DICE: Final = random.Random()  # noqa: S311
TRIES = 5
_FIRST_DELAY = 0.25
_LONGEST_DELAY = 30.0
_BUSY = frozenset({429, 500, 502, 503, 504})


def with_retries(ask: Callable[[], Response], *, sleep: Callable[[float], None] = time.sleep) -> Response:
    """Return the first useful answer, or the last busy one after five tries.

    Delays double from 0.25 s with jitter; a Retry-After of the server (seconds) is honoured up to 30 s. Raises
    the last NoAnswerError where no try was answered; a connection that could not be made is not tried again.
    """
    for attempt in range(TRIES):
        last = attempt == TRIES - 1
        try:
            answer = ask()
        except NoAnswerError as error:
            if last or error.trouble in NEVER_SENT:
                raise
            sleep(_delay(attempt))
            continue
        if answer.status not in _BUSY or last:
            return answer
        sleep(_asked_for(answer) or _delay(attempt))
    raise AssertionError("the last try always returns or raises")


def _delay(attempt: int) -> float:
    return min(_LONGEST_DELAY, _FIRST_DELAY * 2.0**attempt) * DICE.uniform(0.5, 1.0)


def _asked_for(answer: Response) -> float:
    try:
        return min(_LONGEST_DELAY, max(0.0, float(answer.headers.get("retry-after", ""))))
    except ValueError:
        return 0.0
