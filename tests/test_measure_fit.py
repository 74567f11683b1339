"""The backoff behind pauses: a table of true ones, as they are and as a busy machine shows them."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cosictl.diagnosis.backoff_fit import Fitted, Pauses, fit


def pauses(base: float, factor: float, cap: float | None, count: int) -> list[float]:
    grown = [base * factor**number for number in range(count)]
    return [min(pause, cap) for pause in grown] if cap is not None else grown


def fitted(*objects: Sequence[float], noise: float = 0.0) -> Fitted | None:
    found = Pauses()
    for one in objects:
        found.add_all(one)
    return found.fit(noise=noise)


TRUE = {
    "v1alpha1 to its cap": (0.1, 2.0, 30.0, 12),
    "v1alpha1 not so far": (0.1, 2.0, None, 8),
    "v1alpha2 to its cap": (0.005, 2.0, 1000.0, 20),
    "v1alpha2 not so far": (0.005, 2.0, None, 14),
    "by half as much": (0.2, 1.5, 10.0, 14),
    "threefold": (1.0, 3.0, None, 6),
    "by a quarter": (4.0, 1.25, None, 9),
}


@pytest.mark.parametrize("row", TRUE.values(), ids=TRUE.keys())
def test_a_backoff_is_found_again(row: tuple[float, float, float | None, int]) -> None:
    base, factor, cap, count = row
    found = fitted(pauses(base, factor, cap, count))
    assert found is not None
    assert found.base == pytest.approx(base)
    assert found.factor == factor
    assert found.cap == (pytest.approx(cap) if cap is not None else None)
    assert found.steps == count


def test_a_cap_that_was_seen_once_is_no_cap() -> None:
    once, twice = pauses(0.1, 2.0, 30.0, 10), pauses(0.1, 2.0, 30.0, 11)
    found = [fitted(seen) for seen in (once, twice)]
    assert [one.cap for one in found if one is not None] == [None, 30.0]
    assert [one.base for one in found if one is not None] == pytest.approx([0.1, 0.1], rel=0.05)


def test_a_constant_delay_is_base_and_cap() -> None:
    found = fitted([5.0, 5.1, 4.9, 5.0])
    assert found is not None
    assert found.factor == 1.0
    assert [found.base, found.cap] == pytest.approx([5.0, 5.0], rel=0.02)


def test_nothing_is_nothing() -> None:
    assert fitted() is None
    assert fitted([]) is None
    assert fit({3: [1.0]}) is None


def test_two_pauses_show_growth_and_one_does_not() -> None:
    one, two = fitted([0.1]), fitted([0.1, 0.2])
    assert one is not None
    assert (one.base, one.factor) == (None, None)
    assert two is not None
    assert two.base == pytest.approx(0.1)
    assert two.factor == 2.0


def test_short_pauses_that_are_only_noise_do_not_count() -> None:
    """As measured on a busy machine at 60 times the speed: the first pauses are those of other objects' turns."""
    busy = [136.3, 35.1, 8.9, 12.2, 5.1, 1.8, 2.6, 7.3, 3.0, 2.1, 8.5, 6.6, 21.2, 42.2]
    found = fitted(busy, busy, noise=6.0)
    assert found is not None
    assert found.factor == 2.0
    assert found.base == pytest.approx(0.005, rel=0.05)


def test_a_late_call_of_one_object_hides_no_cap() -> None:
    usual = pauses(0.1, 2.0, 30.0, 12)
    found = fitted(usual, [*usual[:9], 99.2, 30.0, 30.0], [*usual, 44.0])
    assert found is not None
    assert found.cap == 30.0


@given(
    base=st.floats(0.01, 5.0),
    cap=st.floats(20.0, 900.0),
    off=st.lists(st.floats(0.985, 1.015), min_size=40, max_size=40),
)
def test_small_errors_stay_small(base: float, cap: float, off: list[float]) -> None:
    whole = pauses(base, 2.0, cap, 40)
    seen = [pause for pause in whole if pause < cap]
    seen = [*seen, cap, cap, cap]
    if len(seen) < 6 or cap / seen[-4] < 1.2:
        return
    found = fitted([pause * error for pause, error in zip(seen, off, strict=False)])
    assert found is not None
    assert found.factor == 2.0
    assert found.base == pytest.approx(base, rel=0.05)
    assert found.cap == pytest.approx(cap, rel=0.05)


def test_memory_is_bounded() -> None:
    found = Pauses()
    for _ in range(2000):
        found.add(0, 1.0)
        found.add(1, 2.0)
    kept = found.fit()
    assert kept is not None
    assert kept.factor == 2.0
