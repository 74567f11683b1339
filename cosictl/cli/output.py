"""Where data goes: the format chosen with ``-o``, and stdout as ``render`` wants it."""

# ruff: noqa: PLC0415 - libraries load when a command needs them, so that --help stays light

import sys
from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING

from cosictl.cli.options import Color, Shared
from cosictl.errors import UsageError

if TYPE_CHECKING:
    from cosictl.render.console import Out


class Format(StrEnum):
    """The output formats; each command knows which it has. TEXT is what is printed without ``-o``."""

    TEXT = "text"
    TABLE = "table"
    WIDE = "wide"
    NAME = "name"
    JSON = "json"
    YAML = "yaml"
    JSONL = "jsonl"
    JUNIT = "junit"
    MARKDOWN = "markdown"
    HTML = "html"
    PROMETHEUS = "prometheus"


def choose_format(shared: Shared, *known: Format) -> Format:
    """Return the format asked for with ``-o``, the first of ``known`` without; raises UsageError for any other."""
    if not shared.output:
        return known[0]
    chosen = next((item for item in known if item == shared.output), None)
    if chosen is None:
        raise unknown_format(shared.output, *known)
    return chosen


def unknown_format(given: str, *known: str) -> UsageError:
    """The error about an ``-o`` that the command does not have."""
    return UsageError(f"-o {given}: no such output format", next_step=f"this command has {', '.join(known)}")


def output(shared: Shared, *, to_stderr: bool = False) -> "Out":
    """Return stdout (or stderr) for human eyes, coloured as asked for."""
    from cosictl.render.console import make_out

    color = shared.color or Color.AUTO
    return make_out(sys.stderr if to_stderr else sys.stdout, color=color.value, width=None)


def print_document(value: Mapping[str, object], chosen: Format) -> None:
    """Print one JSON or YAML document on stdout."""
    from cosictl.render.machine import dump_json, dump_yaml

    (dump_yaml if chosen is Format.YAML else dump_json)(value, sys.stdout)
