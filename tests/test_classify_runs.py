"""What a pattern looks at, read off itself."""

import pytest

from cosictl.diagnosis.runs import Run, runs_of

# A run, and whether it begins and ends a word.
TABLE = [
    ("not found", [("not", False, True), ("found", True, False)]),
    (r"\bno such\b", [("no", True, True), ("such", True, True)]),
    ("cannot (get|list) it", [("cannot", False, True), ("get", True, True), ("list", True, True), ("it", True, False)]),
    ("time(?:d|s)? out", [("time", False, False), ("d", False, True), ("s", False, True), ("out", True, False)]),
    ("timed? ?out", [("time", False, False), ("d", False, False), ("out", False, False)]),
    ("buckets? now", [("bucket", False, False), ("s", False, False), ("now", True, False)]),
    (r"a \w+ b", [("a", False, True), ("b", True, False)]),
    (r"a\w b", [("a", False, False), ("b", True, False)]),
    ("x(ab)+y", [("x", False, False), ("ab", False, False), ("y", False, False)]),
    ("x (ab )+y", [("x", False, True), ("ab", False, True), ("y", False, False)]),
    ("a: +b", [("a", False, True), ("b", True, False)]),
    ("a [a-z]*b", [("a", False, True), ("b", False, False)]),
    ("a[ =:]{1,3}b", [("a", False, False), ("b", False, False)]),
    (r"a\.b", [("a", False, True), ("b", True, False)]),
    ("^a$", [("a", True, True)]),
    (r"a(?! of the) b", [("a", False, False), ("of", True, True), ("the", True, False), ("b", True, False)]),
    (r"a(?P<code>b|\d+)c", [("a", False, False), ("b", False, False), ("c", False, False)]),
]


@pytest.mark.parametrize(("pattern", "runs"), TABLE, ids=[pattern for pattern, _ in TABLE])
def test_runs_know_what_stands_beside_them(pattern: str, runs: list[tuple[str, bool, bool]]) -> None:
    assert list(runs_of(pattern)) == [Run(*run) for run in runs]
