"""The backoff behind the pauses between attempts: where they start, how they grow, and where they end. Pure.

In: pauses in seconds, by the number of failures before them (the pause after the first failure is number 0). Out: base,
factor and cap, each only where the pauses show it. Every measured pause is off by about the same few milliseconds, so
the long ones say most.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import median, median_low
from typing import Final

from msgspec import Struct

# Pauses are equal that differ by less than this part of themselves; the weakest growth anybody uses is stronger.
EQUAL: Final = 0.1
# A cap is believed once that many pauses in a row show it.
CAPPED: Final = 2
# How many of the longest growing pauses speak for the growth.
_LONGEST: Final = 3
# A pause that grows by less than this part of the growth before it may be capped.
_STUNTED: Final = 0.7
# Nearly every backoff doubles: a whole factor that explains each of the longest pauses this well, besides the noise, is
# the factor. Others are written in twentieths (1.5, 1.25).
_EXPLAINED: Final = 0.03
_GRAIN: Final = 20
# Of one number of failures so many pauses are kept: their median moves no more.
_KEPT: Final = 500


class Fitted(Struct, frozen=True, kw_only=True):
    """A backoff in seconds; None is what the pauses do not show. ``steps``: how many pauses in a row were seen."""

    base: float | None
    factor: float | None
    cap: float | None
    steps: int


class Pauses:
    """Collects pauses by their number, in bounded memory."""

    def __init__(self) -> None:
        self._by_number: dict[int, list[float]] = {}

    def add(self, number: int, seconds: float) -> None:
        """Note one pause."""
        kept = self._by_number.setdefault(number, [])
        if len(kept) < _KEPT and seconds > 0:
            kept.append(seconds)

    def add_all(self, pauses: Sequence[float]) -> None:
        """Note the pauses of one object, from its first on."""
        for number, seconds in enumerate(pauses):
            self.add(number, seconds)

    def fit(self, *, noise: float = 0.0) -> Fitted | None:
        """Return the backoff, None without any pause."""
        return fit(self._by_number, noise=noise)


def fit(by_number: Mapping[int, Sequence[float]], *, noise: float = 0.0) -> Fitted | None:
    """Return the backoff that pauses show, None where there are none.

    ``noise``: by how many seconds any pause may be off, for reasons of the machine; pauses not much longer than that
    say nothing about the growth where longer ones do.
    Pauses that are equal from the first on show a constant delay: base and cap are it, and the factor is 1. From a
    record that begins in the middle of a loop that is indistinguishable from a cap.
    """
    middle: list[float] = []
    while pauses := by_number.get(len(middle)):
        # What disturbs a pause nearly always makes it longer.
        middle.append(median_low(pauses))
    if not middle:
        return None
    if _flat(middle) < CAPPED <= _flat(middle[:-1]):
        # Few objects get so far, and one late call must not hide the cap that came before it.
        middle.pop()
    flat = _flat(middle)
    cap = median(middle[-flat:]) if flat >= CAPPED else None
    growing = list(enumerate(_uncapped(middle[:-flat] if cap is not None else middle, noise)))[-_LONGEST:]
    if cap is not None and not growing:
        return Fitted(base=cap, factor=1.0, cap=cap, steps=len(middle))
    while len(growing) > 2 and growing[0][1] < 2 * noise:
        growing.pop(0)
    factor = _factor(growing, noise)
    base = _base(growing, factor) if factor is not None else None
    return Fitted(base=base, factor=factor, cap=cap, steps=len(middle))


def _flat(middle: Sequence[float]) -> int:
    """Return how many pauses at the end are equal."""
    last, count = middle[-1] if middle else 0.0, 0
    for pause in reversed(middle):
        if abs(pause - last) > EQUAL * last:
            break
        count += 1
    return count


def _uncapped(growing: Sequence[float], noise: float) -> Sequence[float]:
    """Leave out a last pause that grew much less than the one before: it may be the first at a cap."""
    if len(growing) < _LONGEST or growing[-_LONGEST] < 2 * noise:
        return growing
    before, last = (later / earlier for earlier, later in pairwise(growing[-_LONGEST:]))
    return growing[:-1] if before > 1 + EQUAL and last - 1 < _STUNTED * (before - 1) else growing


def _factor(growing: Sequence[tuple[int, float]], noise: float) -> float | None:
    """Return how much the longest pauses (by their numbers) grow from one to the next, None where too few grow."""
    ratios = [later / earlier for (_, earlier), (_, later) in pairwise(growing)]
    if not ratios or min(ratios) <= 1 + EQUAL:
        return None
    raw: float = (growing[-1][1] / growing[0][1]) ** (1 / len(ratios))
    whole = float(max(2, round(raw)))
    base = _base(growing, whole)
    expected = [(pause, base * whole**number) for number, pause in growing]
    if all(abs(pause - fitted) <= _EXPLAINED * pause + noise for pause, fitted in expected):
        return whole
    rounded = round(raw * _GRAIN) / _GRAIN
    return rounded if rounded > 1 else raw


def _base(growing: Sequence[tuple[int, float]], factor: float) -> float:
    """Return the base with the least squares: every pause is off by about as much, so the longest counts most."""
    grown = [(factor**number, pause) for number, pause in growing]
    return sum(weight * pause for weight, pause in grown) / sum(weight**2 for weight, _ in grown)
