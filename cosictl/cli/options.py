"""The options every command accepts, before or after the verb, with kubectl's names and meanings."""

import functools
import inspect
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final, get_type_hints

import typer

from cosictl.errors import UsageError

SHARED_PANEL: Final = "Options of every command"
# The server caps nothing at 500; it is kubectl's default (kubectl get --help, --chunk-size).
CHUNK_SIZE: Final = 500
# A DNS label (RFC 1123), as Kubernetes asks of the name of a namespace; anything else would be another path.
_NAMESPACE: Final = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")
_DURATION: Final = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")


class Color(StrEnum):
    """When to print in colour."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What was given of the shared options; None or empty means not given."""

    kubeconfig: Annotated[str | None, typer.Option("--kubeconfig", metavar="FILE", help="The kubeconfig to use.")] = (
        None
    )
    context: Annotated[str | None, typer.Option("--context", metavar="NAME", help="The kubeconfig context.")] = None
    cluster: Annotated[str | None, typer.Option("--cluster", metavar="NAME", help="The kubeconfig cluster.")] = None
    user: Annotated[str | None, typer.Option("--user", metavar="NAME", help="The kubeconfig user.")] = None
    as_user: Annotated[str | None, typer.Option("--as", metavar="USER", help="The user to impersonate.")] = None
    as_group: Annotated[
        list[str] | None, typer.Option("--as-group", metavar="GROUP", help="A group to impersonate; repeatable.")
    ] = None
    server: Annotated[str | None, typer.Option("--server", "-s", metavar="URL", help="The API server.")] = None
    token: Annotated[str | None, typer.Option("--token", metavar="TOKEN", help="The bearer token to use.")] = None
    request_timeout: Annotated[
        str | None,
        typer.Option("--request-timeout", metavar="TIME", help="The longest a request may take: 10s, 1m; 0: no limit."),
    ] = None
    namespace: Annotated[
        str | None, typer.Option("--namespace", "-n", metavar="NAME", help="The namespace to look at.")
    ] = None
    all_namespaces: Annotated[bool, typer.Option("--all-namespaces", "-A", help="Look at all namespaces.")] = False
    selector: Annotated[
        str | None, typer.Option("--selector", "-l", metavar="LABELS", help="Only objects with these labels.")
    ] = None
    output: Annotated[str | None, typer.Option("--output", "-o", metavar="FORMAT", help="The output format.")] = None
    no_headers: Annotated[bool, typer.Option("--no-headers", help="Print tables without headers.")] = False
    chunk_size: Annotated[
        int | None,
        typer.Option("--chunk-size", metavar="N", min=0, help=f"Objects per request ({CHUNK_SIZE}); 0: all at once."),
    ] = None
    color: Annotated[Color | None, typer.Option("--color", help="Print in colour; auto is on terminals only.")] = None
    verbosity: Annotated[int | None, typer.Option("-v", metavar="LEVEL", min=0, help="Say more on stderr.")] = None

    @classmethod
    def of(cls, context: typer.Context) -> "Shared":
        """Return what a context was given, completed by what stood before the verb; for half a command line too.

        Raises UsageError.
        """
        found = cls()
        for params in _params(context):
            found = cls(**{field.name: params[field.name] for field in fields(cls) if field.name in params}).over(found)
        if found.namespace and not _NAMESPACE.fullmatch(found.namespace):
            words = f"-n {found.namespace!r} is no name of a namespace"
            raise UsageError(words, next_step="list them with: kubectl get namespaces")
        # A context holds the word that was typed.
        return replace(found, color=Color(found.color)) if found.color is not None else found

    def over(self, earlier: "Shared") -> "Shared":
        """Return these options, completed by those given before the verb."""
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        merged = replace(earlier, **{name: value for name, value in given.items() if _is_given(value)})
        return replace(merged, as_group=[*(earlier.as_group or ()), *(self.as_group or ())])

    @property
    def timeout_seconds(self) -> float | None:
        """The request timeout in seconds: None where not given, 0 for no limit; raises UsageError."""
        return parse_duration(self.request_timeout, "--request-timeout") if self.request_timeout is not None else None


def _params(context: typer.Context) -> Iterator[Mapping[str, Any]]:
    """Yield the parameters of a context and those before it, the outermost first."""
    chain = [context.params]
    parent = context.parent
    while parent is not None:
        chain.append(parent.params)
        parent = parent.parent
    yield from reversed(chain)


def _is_given(value: object) -> bool:
    # Zero is a value that somebody typed.
    return value is not None and value is not False and value != []


def parse_duration(text: str, option: str) -> float:
    """Read a duration as kubectl does, in seconds: a Go duration or plain seconds; raises UsageError."""
    if re.fullmatch(r"\d+(?:\.\d+)?", text):
        return float(text)
    match = _DURATION.fullmatch(text)
    if match is None or not text:
        raise UsageError(f"{option} {text}: is no duration", next_step="write it like 10s, 1m30s or 0")
    return sum(float(part or 0) * unit for part, unit in zip(match.groups(), (3600, 60, 1, 0.001), strict=True))


Command = Callable[..., None]


def with_shared(command: Command) -> Command:
    """Add the shared options to a command, which gets them as its first argument ``shared``; as ``ctx`` its context.

    They may stand before the verb too: the root command has them as well, and those after the verb win.
    """
    hints = get_type_hints(Shared, include_extras=True)
    names = [field.name for field in fields(Shared)]
    given = inspect.signature(command).parameters

    @functools.wraps(command)
    def run(ctx: typer.Context, **values: Any) -> None:
        own = {name: value for name, value in values.items() if name not in names}
        command(Shared.of(ctx), **own, **({"ctx": ctx} if "ctx" in given else {}))

    keyword = inspect.Parameter.KEYWORD_ONLY
    context = inspect.Parameter("ctx", keyword, annotation=typer.Context)
    own = [parameter.replace(kind=keyword) for name, parameter in given.items() if name not in {"shared", "ctx"}]
    shared = [inspect.Parameter(n, keyword, default=getattr(_DEFAULTS, n), annotation=hints[n]) for n in names]
    run.__dict__["__signature__"] = inspect.Signature([context, *own, *shared])
    return run


_DEFAULTS: Final = Shared()


def with_options(name: str, kind: type[Any]) -> Callable[[Command], Command]:
    """Return a decorator that adds the options of a dataclass to a command, as its argument ``name``."""

    def add(command: Command) -> Command:
        hints = get_type_hints(kind, include_extras=True)
        names = [field.name for field in fields(kind)]
        given = inspect.signature(command).parameters
        defaults = kind()

        @functools.wraps(command)
        def run(shared: Shared, **values: Any) -> None:
            own = {key: value for key, value in values.items() if key not in names}
            command(shared, **{name: kind(**{key: values[key] for key in names})}, **own)

        keyword = inspect.Parameter.KEYWORD_ONLY
        own = [parameter for key, parameter in given.items() if key != name]
        added = [inspect.Parameter(n, keyword, default=getattr(defaults, n), annotation=hints[n]) for n in names]
        run.__dict__["__signature__"] = inspect.Signature([*own, *added])
        return run

    return add


def state_folder() -> Path:
    """Return where this program keeps what outlives a run (XDG base directories)."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "cosictl"


Dumps = Annotated[
    list[str] | None,
    typer.Option("--filename", "-f", metavar="DUMP", help="Read files, folders or - instead of a cluster; repeatable."),
]
AsOf = Annotated[
    str | None, typer.Option("--as-of", metavar="TIME", help="The moment to call now, as 2026-01-31T12:00:00Z.")
]
NoTrunc = Annotated[bool, typer.Option("--no-trunc", help="Do not cut long texts.")]
