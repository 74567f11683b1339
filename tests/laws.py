"""The laws of the house as data and pure checks of source text: what ``test_architecture`` holds the package to.

Each check takes a dotted module name and its syntax tree and yields violations as sentences, so that planted ones can
show that it bites.
"""

import ast
import sys
from collections.abc import Iterator
from typing import Final

MAX_FILE_LINES: Final = 320
MAX_FUNCTION_LINES: Final = 60
MIN_DOCSTRING: Final = 100

# room -> rooms it may import besides itself
MAY_IMPORT: Final[dict[str, frozenset[str]]] = {
    "errors": frozenset(),
    "model": frozenset(),
    "knowledge": frozenset({"model"}),
    "intake": frozenset({"model", "errors"}),
    "diagnosis": frozenset({"model", "knowledge"}),
    "remedy": frozenset({"model", "knowledge", "diagnosis", "errors"}),
    "cluster": frozenset({"model", "intake", "errors"}),
    "driver": frozenset({"model", "errors"}),
    "sandbox": frozenset({"model", "intake", "knowledge", "driver"}),
    "render": frozenset({"model", "knowledge"}),
    "flows": frozenset({"errors", "model", "knowledge", "intake", "diagnosis", "remedy"}),
}
# The command line wires everything; the demo and the entry point belong to it.
WIRING: Final = frozenset({"cli", "demo", "__main__"})
ROOMS: Final = WIRING.union(MAY_IMPORT)

# room -> third-party packages it may use
MAY_USE: Final[dict[str, frozenset[str]]] = {
    # Frozen structs of C: a large cluster is hundreds of thousands of nouns.
    "model": frozenset({"msgspec"}),
    "diagnosis": frozenset({"ahocorasick_rs", "msgspec"}),
    "flows": frozenset({"msgspec"}),
    "knowledge": frozenset({"msgspec"}),
    "intake": frozenset({"ahocorasick_rs", "msgspec", "yaml"}),
    # yaml only for its error: the official client lets it through where a kubeconfig is no YAML.
    "cluster": frozenset({"kubernetes", "msgspec", "urllib3", "websocket", "yaml"}),
    "driver": frozenset({"grpc", "google.protobuf"}),
    "render": frozenset({"msgspec", "yaml", "rich"}),
    "sandbox": frozenset({"aiohttp"}),
    "cli": frozenset({"typer"}),
}

# Time enters once, in Snapshot.taken_at: nothing below flows/ reads a clock but the room that talks to the server.
CLOCKLESS: Final = frozenset({"errors", "model", "knowledge", "intake", "diagnosis", "render"})
CLOCKS: Final = frozenset(
    [f"time.{name}" for name in ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns")]
    + [f"datetime.datetime.{name}" for name in ("now", "utcnow", "today")]
    + ["datetime.date.today"]
)

# The rooms that only think: no file, no network, no process, no terminal, no chance.
PURE: Final = frozenset({"errors", "model", "knowledge", "diagnosis"})
OUTSIDE: Final = frozenset(
    {"http", "io", "logging", "os", "pathlib", "random", "shutil", "socket", "subprocess", "sys", "tempfile", "urllib"}
)


def room_of(module: str) -> str:
    """Give the room of a dotted module name below ``cosictl``; the package itself has none."""
    return [*module.split("."), ""][1]


def imports_of(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield line and dotted name of all that is imported, in functions and under TYPE_CHECKING too.

    A relative or computed name begins with a dot: it cannot be checked.
    """
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, alias.name) for alias in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                yield from ((node.lineno, f"{'.' * level}{module or ''}.{alias.name}") for alias in names)
            case ast.Call(
                func=ast.Name(id="__import__" | "import_module") | ast.Attribute(attr="import_module"),
                args=[argument, *_],
            ):
                yield node.lineno, str(argument.value) if isinstance(argument, ast.Constant) else ".computed"
            case _:
                pass


def is_inside(name: str, packages: frozenset[str]) -> bool:
    """Tell whether a dotted name is one of the packages or below it."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def check_imports(module: str, tree: ast.AST) -> Iterator[str]:
    """Yield the imports that the tables do not allow."""
    room = room_of(module)
    if room and room not in ROOMS:
        yield f"{module}: {room} is no room of the design; a new room must bring a new outside world"
    for line, name in imports_of(tree):
        verdict = judge_own(room, name) if name.startswith("cosictl.") else judge_foreign(room, name)
        if verdict:
            yield f"{module}:{line}: {verdict}"


def judge_own(room: str, name: str) -> str:
    """Say what is wrong with importing ``name`` of our own package, or nothing."""
    target = room_of(name)
    if room != "driver" and is_inside(name, frozenset({"cosictl.driver.generated"})):
        return "only driver may import generated stubs"
    allowed = ROOMS if room in WIRING else MAY_IMPORT.get(room, frozenset())
    if target in ROOMS and target != room and target not in allowed:
        return f"{room or 'the package'} may not import {target}"
    return ""


def judge_foreign(room: str, name: str) -> str:
    """Say what is wrong with importing ``name`` of others, or nothing."""
    if name.startswith("."):
        return "imports are absolute and literal"
    if name.partition(".")[0] not in sys.stdlib_module_names:
        return "" if is_inside(name, MAY_USE.get(room, frozenset())) else f"{room} may not use {name}"
    if room in PURE and is_inside(name, OUTSIDE):
        return f"{room} only thinks, it may not use {name}"
    return ""


def check_clocks(module: str, tree: ast.AST) -> Iterator[str]:
    """Yield every mention of a clock in a room that has none; a mention is enough (``default_factory=now``)."""
    room = room_of(module)
    if room not in CLOCKLESS:
        return
    names = dict(local_names(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name):
            dotted = ast.unparse(node)
            first, dot, rest = dotted.partition(".")
            full = names.get(first, first) + dot + rest
            if full in CLOCKS:
                yield f"{module}:{node.lineno}: {room} may not read a clock ({dotted})"


def local_names(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield what imported names stand for: the local name, and the full dotted one."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from ((alias.asname or alias.name, alias.name) for alias in names)
            case ast.ImportFrom(module=str(module), names=names):
                yield from ((alias.asname or alias.name, f"{module}.{alias.name}") for alias in names)
            case _:
                pass


def check_input_output(module: str, tree: ast.AST) -> Iterator[str]:
    """Yield calls of ``open``, ``print`` and ``input`` in the rooms that only think."""
    if room_of(module) not in PURE:
        return
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="open" | "print" | "input" as name)):
                yield f"{module}:{node.lineno}: {room_of(module)} only thinks, it may not {name}"
            case _:
                pass


def check_functions(module: str, tree: ast.AST) -> Iterator[str]:
    """Yield functions that are too long to read."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > MAX_FUNCTION_LINES:
                yield f"{module}:{node.lineno}: {node.name} has {length} lines, {MAX_FUNCTION_LINES} are the limit"


def is_rows(tree: ast.Module) -> bool:
    """Tell whether a module is a table: it defines no function, so its length is the length of the knowledge."""
    return not any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) for node in ast.walk(tree))


def check_length(module: str, source: str) -> Iterator[str]:
    """Yield a file that is too long to read; tables of rows may be as long as they need."""
    length = len(source.splitlines())
    if length > MAX_FILE_LINES and not is_rows(ast.parse(source)):
        yield f"{module}: {length} lines, {MAX_FILE_LINES} are the limit"


def check_docstring(module: str, tree: ast.Module) -> Iterator[str]:
    """Yield a room whose docstring does not say what goes in, what comes out and what may never be there."""
    text = ast.get_docstring(tree) or ""
    if len(text) < MIN_DOCSTRING:
        yield f"{module}: the docstring says too little ({len(text)} characters, at least {MIN_DOCSTRING})"
    missing = [word for word in ("In:", "Out:", "Never") if word not in text]
    if missing:
        yield f"{module}: the docstring does not say {', '.join(missing)}"
