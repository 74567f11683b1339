"""The page of a command, made from the loaded command itself and its row in ``manual_rows``.

``explain`` shows it, ``docs/commands/`` and the manual pages hold it. A command without a row has a page all the same:
only its examples, and what it reads and changes, are missing from it.
"""

# ruff: noqa: PLC0415 - verbs load when somebody asks about commands, so that --help stays light

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, Final

import typer

from cosictl.cli.exits import MEANINGS, spelled
from cosictl.cli.manual_rows import ABOUT, ENVIRONMENT
from cosictl.cli.options import SHARED_PANEL, Shared
from cosictl.cli.verbs import VERBS, loaded
from cosictl.errors import Exit
from cosictl.knowledge.blocks import row
from cosictl.knowledge.lookup import lookup
from cosictl.knowledge.pages import Page

PROGRAM: Final = "cosictl"
_EVERY: Final = (Exit.OK, Exit.FAILED, Exit.USAGE, Exit.INTERRUPTED)
_SHARED: Final = frozenset({field.name for field in fields(Shared)} | {"help"})
# Choices stand in brackets, of which kind depends on the parser's version: "--color <auto|never>".
_CHOICES: Final = re.compile(r"[\[<]([\w-]+(?:\|[\w-]+)+)[\]>]")
# What the option parser adds to a help text: "  [default: 20; x>=1]".
_ADDED: Final = re.compile(r"  \[(?P<facts>[^\[\]]+)\]$")


@dataclass(frozen=True, slots=True)
class Node:
    """A loaded command; ``words`` are its name without the program's, none for the root."""

    words: tuple[str, ...]
    command: Any
    context: typer.Context

    @property
    def name(self) -> str:
        """The name of its row, and what ``explain`` takes."""
        return " ".join(self.words)

    @property
    def typed(self) -> str:
        """How it is typed, and the name of its page."""
        return " ".join((PROGRAM, *self.words))

    @property
    def paragraphs(self) -> list[str]:
        """Its description; the first paragraph is the line that lists show."""
        return [" ".join(part.split()) for part in (self.command.help or "").split("\n\n")]

    @property
    def below(self) -> "Iterator[Node]":
        """The commands below it that help shows, loaded."""
        for name, command in self._commands():
            if not command.hidden:
                yield _node(name, command if self.words else loaded(name), self)

    def _commands(self) -> Iterator[tuple[str, Any]]:
        """The commands of a group. A verb that is also a command has none, and those below it are asked for by name."""
        own = getattr(self.command, "commands", None)
        if own is not None:
            yield from own.items()
        elif len(self.words) == 1:
            for name in VERBS[self.words[0]].below:
                group = root().command.resolve_command(root().context, [*self.words, name])[1]
                yield name, group.commands[name]


@cache
def root() -> Node:
    """The program itself; nothing below it is loaded yet."""
    from cosictl.cli.app import app

    return _node(PROGRAM, typer.main.get_command(app), None)


def _node(name: str, command: Any, above: Node | None) -> Node:
    context = typer.Context(
        command, info_name=name, parent=above.context if above else None, **command.context_settings
    )
    return Node((*above.words, name) if above else (), command, context)


def every_command() -> Iterator[Node]:
    """Every command that help shows, the root first; loads all of them."""
    pending = [root()]
    while pending:
        node = pending.pop(0)
        yield node
        pending[:0] = node.below


def command_names() -> tuple[str, ...]:
    """The names of all commands in the order of ``--help``, without loading any: ``probe-driver reproduce``."""
    return tuple(
        " ".join(words) for name, verb in VERBS.items() for words in ((name,), *((name, v) for v in verb.below))
    )


def find_command(words: Sequence[str]) -> Node | None:
    """The command of these words, the program's own name before them or not; None for a word that is none."""
    if not words:
        return None
    node = root()
    for word in words[words[0] == PROGRAM :]:
        if not node.words:
            found = _node(word, loaded(word), node) if word in VERBS else None
        else:
            found = next((under for under in node.below if under.words[-1] == word), None)
        if found is None:
            return None
        node = found
    return node


def command_page(node: Node) -> Page:
    """Everything there is to say about a command."""
    about = ABOUT.get(node.name)
    summary, *more = node.paragraphs
    params = [param for param in node.command.get_params(node.context) if not getattr(param, "hidden", False)]
    arguments = [param for param in params if param.param_type_name == "argument"]
    own = [param for param in params if param not in arguments and param.name not in _SHARED]
    shared = [param for param in params if param.name in _SHARED]
    sections = (
        ("Usage", _usage(node, arguments)),
        ("What it does", "\n\n".join(more or [summary])),
        ("Commands", "\n".join(row(under.typed, under.paragraphs[0]) for under in _listed(node))),
        ("Arguments", _rows(node, arguments)),
        ("Options", _rows(node, own)),
        ("Examples", "\n".join(f"# {what}\n{typed}" for what, typed in about.examples) if about else ""),
        ("What it reads and changes", f"Reads: {about.reads}\nChanges: {about.changes}" if about else ""),
        ("Exit codes", _exits(about.exits if about else (), is_root=not node.words)),
        (SHARED_PANEL, _rows(node, shared)),
        ("Environment", "" if node.words else "\n".join(row(*pair) for pair in ENVIRONMENT)),
        ("See also", "\n".join(_see_also(node))),
    )
    return Page(title=f"{node.typed}: {summary}", sections=tuple((head, text) for head, text in sections if text))


def _listed(node: Node) -> Iterator[Node]:
    """The commands that a page lists: all below the root, those of a group."""
    return (under for under in every_command() if under.words) if not node.words else node.below


def _usage(node: Node, arguments: Sequence[Any]) -> str:
    words = [node.typed, "[OPTIONS]"]
    for argument in arguments:
        name = str(argument.get_help_record(node.context)[0]).strip("[]{}")
        repeated = "" if argument.nargs == 1 or "…" in name or "..." in name else "..."
        words.append(f"{name}{repeated}" if argument.required else f"[{name}]{repeated}")
    if next(node.below, None) is None:
        return " ".join(words)
    below = " ".join([node.typed, "COMMAND", "[OPTIONS]", "..."])
    return f"{' '.join(words)}\n{below}" if getattr(node.command, "invoke_without_command", True) else below


def _rows(node: Node, params: Sequence[Any]) -> str:
    records = [param.get_help_record(node.context) for param in params]
    return "\n".join(row(_CHOICES.sub(r"\1", str(left)), _sentences(str(right))) for left, right in records)


def _sentences(text: str) -> str:
    """A help text whose facts in brackets are sentences: ``[default: 20; x>=1]`` is "Default: 20. At least 1."."""
    found = _ADDED.search(text)
    if found is None:
        return text
    return " ".join([text[: found.start()], *filter(None, map(_fact, found["facts"].split("; ")))])


def _fact(fact: str) -> str:
    if within := re.fullmatch(r"(\d+)<=x<=(\d+)", fact):
        return f"From {within[1]} to {within[2]}."
    if least := re.fullmatch(r"x>=(\d+)", fact):
        return f"At least {least[1]}." if int(least[1]) else ""
    return f"{fact[:1].upper()}{fact[1:]}."


def _exits(more: Sequence[int], *, is_root: bool) -> str:
    codes = MEANINGS if is_root else [code for code in MEANINGS if code in (*_EVERY, *more)]
    return "\n".join(row(spelled(code), f"{MEANINGS[code][:1].upper()}{MEANINGS[code][1:]}.") for code in codes)


def _see_also(node: Node) -> Iterator[str]:
    """What the row names, the command above, and the program; each once."""
    about = ABOUT.get(node.name)
    names = dict.fromkeys(about.see if about else ())
    if len(node.words) > 1:
        names.setdefault(" ".join(node.words[:-1]))
    for name in names:
        if not isinstance(name, str):
            yield row(*name)
        elif (found := find_command(name.split())) is not None:
            yield row(found.typed, found.paragraphs[0])
        elif (page := lookup(name)) is not None:
            yield row(name, page.title.partition(": ")[2] or dict(page.sections)["Meaning"])
    if node.words:
        yield row(PROGRAM, "All commands, exit codes and environment variables.")
