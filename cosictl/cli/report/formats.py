"""The formats of a report: one row each."""

# ruff: noqa: PLC0415 - a format loads when it is written

from collections.abc import Callable, Mapping
from typing import Final, TextIO

from cosictl.cli.output import Format
from cosictl.model.account import Account

Writer = Callable[[Account, TextIO], None]


def _markdown() -> Writer:
    from cosictl.render.report.markdown import write_markdown

    return write_markdown


def _html() -> Writer:
    from cosictl.render.report.page import write_page

    return write_page


def _junit() -> Writer:
    from cosictl.render.junit import write_junit

    return write_junit


# What -o names, the first one being written without it, and how to load what writes it.
WRITERS: Final[Mapping[Format, Callable[[], Writer]]] = {
    Format.MARKDOWN: _markdown,
    Format.HTML: _html,
    Format.JUNIT: _junit,
}
