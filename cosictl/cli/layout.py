"""How ``get`` was asked to print: the options read once, before anything is observed."""

# ruff: noqa: PLC0415 - libraries load when a command needs them, so that --help stays light

import difflib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from cosictl.cli.documents import Document, as_list
from cosictl.cli.jsonpath import Select, compile_columns, compile_path, compile_template
from cosictl.cli.options import Shared
from cosictl.cli.output import Format, output, print_document, unknown_format
from cosictl.errors import UsageError
from cosictl.flows.get import Wanted
from cosictl.model.report import Outlook
from cosictl.render.console import height

JSONPATH: Final = "jsonpath="
COLUMNS: Final = "custom-columns="
_PLAIN: Final = (Format.TABLE, Format.WIDE, Format.NAME, Format.JSON, Format.YAML)
# Columns of the table that --sort-by takes by name.
SORT_COLUMNS: Final = {
    "name": ".metadata.name",
    "namespace": ".metadata.namespace",
    "age": ".metadata.creationTimestamp",
    "outlook": ".diagnosis.outlook",
    "code": ".diagnosis.classification.grpcCode",
    "cause": ".diagnosis.classification.cause",
    "since": ".diagnosis.since",
    "attempts": ".diagnosis.attempts",
    "driver": ".diagnosis.driver",
}
# Lines around a table: its heading and the next prompt; and what is said about the rest of it, on a narrow terminal.
_AROUND: Final = 2
_REST: Final = 4
_FEWEST: Final = 5
# Prints documents; the flag says that the one object was asked for by name.
Printer = Callable[[Sequence[Document], bool], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How to print. ``printer`` is None for tables and names, which are no documents.

    ``screen`` is how many lines of a table can be seen at a time; 0: nobody minds.
    """

    shared: Shared
    chosen: Format | None
    printer: Printer | None
    sort: Select | None
    wanted: Wanted
    no_trunc: bool
    screen: int = 0

    def room(self, count: int | None) -> int | None:
        """Return how many rows of ``count`` to print, None for all of them; a count of None is not known yet."""
        if not self.screen or (count is not None and count <= self.screen - _AROUND):
            return None
        return max(_FEWEST, self.screen - _AROUND - _REST)

    @property
    def needs_documents(self) -> bool:
        """Whether the objects as the cluster has them are needed."""
        return self.sort is not None or self.printer is not None

    @property
    def grows(self) -> bool:
        """Whether rows can be printed while more arrive: a plain table of everything, for somebody who looks at it."""
        plain = self.chosen in {Format.TABLE, Format.WIDE} and self.sort is None and self.wanted == Wanted()
        return plain and self.shared.selector is None and sys.stdout.isatty()


def read_layout(shared: Shared, *, outlook: str | None, sort_by: str | None, no_trunc: bool, show_all: bool) -> Layout:
    """Read the options; raises UsageError. Without ``show_all`` a terminal gets a screenful of a table."""
    given = shared.output or Format.TABLE
    printer: Printer | None = None
    chosen = next((item for item in _PLAIN if item == given), None)
    if given.startswith(JSONPATH):
        printer = _template_printer(given.removeprefix(JSONPATH))
    elif given.startswith(COLUMNS):
        printer = _column_printer(given.removeprefix(COLUMNS), shared, no_trunc=no_trunc)
    elif chosen is None:
        raise unknown_format(given, *_PLAIN, f"{JSONPATH}…", f"{COLUMNS}…")
    elif chosen in (Format.JSON, Format.YAML):
        printer = _document_printer(chosen)
    return Layout(
        shared=shared,
        chosen=chosen,
        printer=printer,
        sort=compile_path(SORT_COLUMNS.get(sort_by, sort_by)) if sort_by else None,
        wanted=Wanted(outlooks=read_outlooks(outlook or "")),
        no_trunc=no_trunc,
        screen=0 if show_all or chosen not in {Format.TABLE, Format.WIDE} else height(sys.stdout),
    )


def read_outlooks(words: str) -> frozenset[Outlook]:
    """Read a list of outlooks, separated by commas; raises UsageError."""
    return frozenset(_outlook(word) for word in words.split(",") if word)


def _outlook(word: str) -> Outlook:
    try:
        return Outlook(word.strip().lower())
    except ValueError:
        close = difflib.get_close_matches(word, Outlook, n=2) or list(Outlook)
        raise UsageError(f'unknown outlook "{word}"', next_step=f"try {', '.join(close)}") from None


def _document_printer(chosen: Format) -> Printer:
    return lambda documents, one: print_document(as_list(documents, one=one), chosen)


def _template_printer(template: str) -> Printer:
    write = compile_template(template)

    def show(documents: Sequence[Document], one: bool) -> None:  # noqa: FBT001 - every printer takes it
        sys.stdout.write(write(as_list(documents, one=one)))

    return show


def _column_printer(spec: str, shared: Shared, *, no_trunc: bool) -> Printer:
    heads, cells = compile_columns(spec)

    def show(documents: Sequence[Document], one: bool) -> None:  # noqa: ARG001, FBT001 - every printer takes both
        from cosictl.render.tables import print_rows

        rows = [cells(document) for document in documents]
        print_rows(heads, rows, output(shared), no_headers=shared.no_headers, no_trunc=no_trunc)

    return show
