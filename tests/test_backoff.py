"""The estimates, against the delays that were measured on a running v0.2.2 sidecar (0.1 s doubling to 30 s)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cosictl.diagnosis.backoff import attempts_within, estimate

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("elapsed", "attempts"),
    [
        (0.0, 1),
        (0.09, 1),
        (0.1, 2),
        (0.3, 3),
        (51.0, 9),
        (51.1, 10),  # the tenth attempt comes 51 s after the first
        (81.1, 11),
        (531.2, 26),  # the 25th retry comes after 8 min 51 s
    ],
)
def test_attempts_follow_the_measured_delays(elapsed: float, attempts: int) -> None:
    assert attempts_within(elapsed + 1e-6, base=0.1, cap=30.0) == attempts


def test_the_next_try_is_one_delay_after_the_last_record() -> None:
    guess = estimate(
        first=NOON - timedelta(minutes=4), last=NOON - timedelta(seconds=18), count=15, now=NOON, base=0.1, cap=30.0
    )
    assert guess.next_try == NOON + timedelta(seconds=12)
    assert guess.attempts >= 15


def test_a_count_above_the_estimate_is_believed() -> None:
    guess = estimate(first=NOON, last=NOON, count=40, now=NOON, base=0.1, cap=30.0)
    assert guess.attempts == 40


@given(
    age=st.floats(0, 1e8),
    quiet=st.floats(0, 1e8),
    count=st.integers(1, 10**9),
)
def test_the_next_try_is_never_in_the_past(age: float, quiet: float, count: int) -> None:
    last = NOON - timedelta(seconds=min(age, quiet))
    guess = estimate(first=NOON - timedelta(seconds=age), last=last, count=count, now=NOON, base=0.005, cap=1000.0)
    assert guess.next_try >= NOON - timedelta(seconds=1)
    assert guess.attempts >= count
