"""JSONPath templates and custom columns, on the examples of kubectl's documentation and beyond."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cosictl.cli.jsonpath import compile_columns, compile_path, compile_template
from cosictl.errors import UsageError

DOCUMENT: dict[str, Any] = {
    "kind": "List",
    "items": [
        {"kind": "None", "metadata": {"name": "one", "labels": {"a.b/c": "x"}}, "status": {"count": 4, "ok": True}},
        {"kind": "None", "metadata": {"name": "two"}, "status": {"count": 12, "error": None}},
        {"kind": "Other", "metadata": {"name": "three"}, "status": {"count": 7, "list": [1, 2]}},
    ],
}


@pytest.mark.parametrize(
    ("template", "written"),
    [
        ("{.kind}", "List"),
        ("kind", "List"),
        (".kind", "List"),
        ("{@.kind}/{$.kind}", "List/List"),
        ("kind is {.kind}!", "kind is List!"),
        ("{['kind']}", "List"),
        ("{.items[*].metadata.name}", "one two three"),
        ("{.items[0].metadata.name}", "one"),
        ("{.items[-1].metadata.name}", "three"),
        ("{.items[0:2].metadata.name}", "one two"),
        ("{.items[0,2].metadata.name}", "one three"),
        ("{.items[9].metadata.name}", ""),
        ("{..name}", "one two three"),
        ("{.items[*]['metadata'].name}", "one two three"),
        (r"{.items[0].metadata.labels.a\.b/c}", "x"),
        ("{.items[0].metadata.labels['a.b/c']}", "x"),
        ('{.items[?(@.kind=="Other")].metadata.name}', "three"),
        ("{.items[?(@.kind != 'Other')].metadata.name}", "one two"),
        ("{.items[?(@.status.count>4)].metadata.name}", "two three"),
        ("{.items[?(@.status.count<=7)].status.count}", "4 7"),
        ("{.items[?(@.status.ok==true)].metadata.name}", "one"),
        ("{.items[?(@.status.list)].metadata.name}", "three"),
        ("{.items[?(@.kind>4)].metadata.name}", ""),
        ("{range .items[*]}[{.metadata.name}, {.status.count}] {end}", "[one, 4] [two, 12] [three, 7] "),
        ('{range .items[*]}{.metadata.name}{"\\t"}{end}', "one\ttwo\tthree\t"),
        ("{range .items[2:]}{range .status.list[*]}<{@}>{end}{end}", "<1><2>"),
        ("{.items[2].status}", '{"count":7,"list":[1,2]}'),
        ("{.items[0].status.ok}", "true"),
        ("{.items[1].status.error}", ""),
        ("{.nope.deeper[3]}", ""),
        ("{.kind.deeper}", ""),
        ("", '{"kind":"List","items":[]}'),
    ],
)
def test_a_template_writes_what_kubectl_writes(template: str, written: str) -> None:
    document = DOCUMENT if template else {"kind": "List", "items": []}
    assert compile_template(template)(document) == written


@pytest.mark.parametrize(
    "template",
    [
        *("{.a", "}", "{range .a}", "{end}", "{.a[}", "{.a[x]}", "{.a[1:2:3:4]}", "{.a[?(@.b==)]}", "{.a[?(@.b==c)]}"),
        *("{'open}", '{"\\q"}', "{.a b}", "{.a[]}", "{{.a}}"),
    ],
)
def test_a_template_that_cannot_be_read_is_refused(template: str) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        compile_template(template)


def test_values_are_escaped_and_the_template_is_not() -> None:
    hostile = {"name": "a\x1b[2J\nb\u202e"}
    assert compile_template('{.name}{"\\n"}')(hostile) == "a\\x1b[2J\\nb\\u202e\n"
    assert compile_columns("N:.name")[1](hostile) == ["a\\x1b[2J\\nb\\u202e"]


def test_columns_say_what_is_missing() -> None:
    heads, cells = compile_columns("NAME:.metadata.name, LABELS:{.metadata.labels}")
    assert heads == ("NAME", "LABELS")
    assert cells(DOCUMENT["items"][1]) == ["two", "<none>"]


@pytest.mark.parametrize("spec", ["", "NAME", ":.a", "NAME:", "A:.a,,B:.b", "A:.a["])
def test_broken_columns_are_refused(spec: str) -> None:
    with pytest.raises(UsageError):
        compile_columns(spec)


@given(st.text(alphabet="{}[]().*@$?:,'\"\\ =<>!-019abrnge\x1b\n", max_size=40))
def test_no_template_crashes(template: str) -> None:
    for read in (compile_template, compile_path, compile_columns):
        try:
            made = read(template)
        except UsageError:
            continue
        if callable(made):
            made(DOCUMENT)
        else:
            made[1](DOCUMENT)
