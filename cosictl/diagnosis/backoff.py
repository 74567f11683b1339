"""How often something was probably tried, and when the next try is probably due.

Both are estimates from a policy's backoff and the times of the evidence; event counts are only a lower bound
(client-go 0.32.3 tools/record/events_cache.go filters after a burst of 25).
"""

from datetime import datetime, timedelta

from msgspec import Struct


class Estimate(Struct, frozen=True, kw_only=True):
    """``attempts`` so far (at least 1), and when the next one is due (never before the observation)."""

    attempts: int
    next_try: datetime


def attempts_within(elapsed: float, *, base: float, cap: float) -> int:
    """How many attempts fit into ``elapsed`` seconds, with delays from ``base`` seconds, doubling up to ``cap``.

    The first attempt is at zero and always counts.
    """
    attempts, spent, delay = 1, 0.0, base
    while delay < cap:
        spent += delay
        if spent > elapsed:
            return attempts
        attempts += 1
        delay *= 2
    return attempts + int((elapsed - spent) // cap)


def estimate(
    *, first: datetime | None, last: datetime | None, count: int, now: datetime, base: float, cap: float
) -> Estimate:
    """Estimate attempts and the next try from the first and last recorded failure.

    Without ``first`` the last stands in for it. The next try is the first multiple of the delay in force after
    ``last`` that is not before ``now``.
    """
    start = first or last or now
    attempts = max(count, attempts_within(max(0.0, (now - start).total_seconds()), base=base, cap=cap))
    delay = min(cap, base * 2.0 ** min(attempts - 1, 60))
    anchor = last or start
    behind = (now - anchor).total_seconds()
    steps = 1 if behind < delay else int(behind // delay) + 1
    return Estimate(attempts=attempts, next_try=_whole(anchor + timedelta(seconds=steps * delay)))


def _whole(moment: datetime) -> datetime:
    """An estimate is not known to the microsecond, and must not look as if it were."""
    return moment.replace(microsecond=0)
