"""Answers of classify as lines: each is the row that a document has, whatever the caller knows its text by."""

import json

from hypothesis import example, given
from hypothesis import strategies as st

from cosictl.diagnosis.classify import classify
from cosictl.render.document import classification_lines, classification_row
from cosictl.render.machine import json_text

FOUND = [classify(text) for text in ("rpc error: code = InvalidArgument desc = bad name", "walrus", "")]
STRINGS = st.text(st.sampled_from('ab1"\\/<\n\t\x00\x7fé\u3164\u2028\ud800\U0001f4a5 '), max_size=6)
NUMBERS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False))
IDS = st.one_of(STRINGS, NUMBERS, st.lists(STRINGS, max_size=2), st.dictionaries(STRINGS, NUMBERS, max_size=2))


@given(st.one_of(st.lists(STRINGS, max_size=5), st.lists(IDS, max_size=5)))
@example([None])
@example(["plain", "7"])
@example(["plain", 7])
@example(['quoted"'])
@example(["back\\slash"])
@example(["a\nb"])
@example(["é"])
@example(["\u3164"])
def test_a_line_is_the_row_of_a_document(ids: list[object]) -> None:
    found = [FOUND[place % len(FOUND)] for place in range(len(ids))]
    lines = classification_lines(found, ids)
    rows = [classification_row(one, row_id=row_id) for one, row_id in zip(found, ids, strict=True)]
    assert lines == [f"{json_text(row)}\n" for row in rows]
    assert [json.loads(line) for line in lines] == rows
