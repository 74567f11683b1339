"""The truth table of a wait: goal, presence, outlook, what it waits for, being deleted, written out by hand.

The letters: M met, . not yet, N never (until somebody acts).
"""

from itertools import product

import pytest

from cosictl.flows.waiting import is_doubtful, result_of, standing_of, verdict_of
from cosictl.model.refs import Api, Ref
from cosictl.model.report import Assessment, Outlook
from cosictl.model.waiting import Goal, Presence, Result, Standing, Waited

LETTERS = {"M": Standing.MET, ".": Standing.PENDING, "N": Standing.NEVER}
# An outlook, and behind > that of what the object waits for in the end; "waiting" alone waits for what was not seen.
COLUMNS = (
    *("ready", "retrying", "looping", "parked", "stalled", "unknown", "waiting"),
    *(f"waiting>{held}" for held in ("ready", "retrying", "waiting", "unknown", "looping", "parked", "stalled")),
)
#                     re rt lo pa st un w  >re >rt >wa >un >lo >pa >st
TABLE = """
ready    here         M  .  N  N  N  .  .  .   .   .   .   N   N   N
ready    going        N  N  N  N  N  N  N  N   N   N   N   N   N   N
gone     here         .  .  .  .  .  .  .  .   .   .   .   .   .   .
gone     going        .  .  N  N  N  .  .  .   .   .   .   N   N   N
settled  here         M  .  M  M  M  .  .  .   .   .   .   M   M   M
settled  going        .  .  M  M  M  .  .  .   .   .   .   M   M   M
"""
# Where the object is not there, nothing else counts; another of its name is the object, unless it was to be gone.
ABSENT = """
ready    not yet  .
ready    gone     N
gone     not yet  M
gone     gone     M
settled  not yet  .
settled  gone     M
"""


def rows() -> list[tuple[Goal, bool, str, str]]:
    found: list[tuple[Goal, bool, str, str]] = []
    for line in TABLE.strip().splitlines():
        goal, state, *letters = line.split()
        found.extend((Goal(goal), state == "going", *pair) for pair in zip(COLUMNS, letters, strict=True))
    return found


@pytest.mark.parametrize(("goal", "terminating", "column", "letter"), rows())
def test_an_object_that_is_there(goal: Goal, terminating: bool, column: str, letter: str) -> None:  # noqa: FBT001
    own, _, held = column.partition(">")
    held_by = Outlook(held) if held else None
    stands = standing_of(goal, Presence.HERE, Outlook(own), held_by, terminating=terminating)
    assert stands is LETTERS[letter]


def test_the_table_names_every_outlook() -> None:
    assert {column.partition(">")[0] for column in COLUMNS} == set(Outlook)
    assert {column.partition(">")[2] for column in COLUMNS} - {""} == set(Outlook)


@pytest.mark.parametrize("line", ABSENT.strip().splitlines())
def test_an_object_that_is_not_there(line: str) -> None:
    goal, presence, letter = line[:9].strip(), line[9:18].strip(), line[18:]
    assert standing_of(Goal(goal), Presence(presence), None, None, terminating=False) is LETTERS[letter]


@pytest.mark.parametrize(("outlook", "terminating"), list(product(Outlook, (False, True))))
def test_another_of_the_name_is_not_the_one_that_was_to_go(outlook: Outlook, terminating: bool) -> None:  # noqa: FBT001
    assert standing_of(Goal.GONE, Presence.ANOTHER, outlook, None, terminating=terminating) is Standing.MET


def waited(standing: Standing, outlook: Outlook | None = None) -> Waited:
    ref = Ref("Bucket", "", standing)
    item = outlook and Assessment(ref=ref, uid="", api=Api.V1ALPHA1, outlook=outlook, basis=())
    return Waited(ref=ref, uid="", presence=Presence.HERE, standing=standing, item=item or None)


@pytest.mark.parametrize(
    ("several", "together"),
    [
        ("met met", Standing.MET),
        ("met pending", Standing.PENDING),
        ("pending unread met", Standing.UNREAD),
        ("pending unread never met", Standing.NEVER),
        ("", Standing.MET),
    ],
)
def test_the_worst_of_several_decides(several: str, together: Standing) -> None:
    assert verdict_of([waited(Standing(word)) for word in several.split()]) is together


# standing, confirmed, behind, over -> how the wait ends; - it goes on
ENDINGS = """
met      c  -  -  met
met      -  -  -  -
met      -  -  o  met
met      c  b  -  -
met      -  b  o  timeout
unread   -  -  -  unread
unread   -  b  -  -
pending  -  -  -  -
pending  c  -  -  -
pending  -  -  o  timeout
pending  -  b  o  timeout
never    -  -  -  -
never    c  -  -  never
never    -  -  o  never
never    c  b  -  -
never    c  b  o  timeout
"""


@pytest.mark.parametrize("line", ENDINGS.strip().splitlines())
def test_when_a_wait_ends(line: str) -> None:
    standing, confirmed, behind, over, result = line.split()
    got = result_of(Standing(standing), confirmed=confirmed == "c", behind=behind == "b", over=over == "o")
    assert got is (None if result == "-" else Result(result))


@pytest.mark.parametrize(
    ("goal", "standing", "outlooks", "doubtful"),
    [
        ("ready", "met", "ready", False),
        ("ready", "never", "looping", True),
        ("ready", "pending", "retrying", False),
        ("gone", "met", "-", False),
        ("gone", "never", "looping", True),
        ("settled", "met", "ready", False),
        ("settled", "met", "ready stalled", True),
        ("settled", "met", "waiting", True),
        ("settled", "met", "ready -", True),
        ("settled", "pending", "looping", False),
        ("settled", "unread", "-", False),
    ],
)
def test_what_lists_of_different_ages_may_say(goal: str, standing: str, outlooks: str, *, doubtful: bool) -> None:
    states = [waited(Standing(standing), None if word == "-" else Outlook(word)) for word in outlooks.split()]
    assert is_doubtful(Goal(goal), Standing(standing), states) is doubtful
