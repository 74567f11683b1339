"""The pages that ship, made from the program: ``python -m tests.docs`` (``make docs``) writes them again.

``docs/findings``, ``docs/policies`` and ``docs/commands`` with the pages that list them, and the manual pages in
``man``. All are other renderings of what ``cosictl explain`` prints.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Final

from cosictl import __version__
from cosictl.cli.manual import PROGRAM, Node, command_page, every_command
from cosictl.knowledge.catalogue import CATALOGUE
from cosictl.knowledge.pages import CITED, entry_page, policy_page
from cosictl.knowledge.policies import POLICIES
from cosictl.render.pages.index import findings_page, policies_page
from cosictl.render.pages.markdown import markdown
from cosictl.render.pages.roff import roff

ROOT: Final = Path(__file__).resolve().parents[1]
# Nothing else is in these folders.
FOLDERS: Final = ("docs/findings", "docs/policies", "docs/commands", "man")
NOTE: Final = "Made from the program: change its rows or descriptions, then run make docs."


def files() -> dict[str, str]:
    """Every page by its path, with what it should hold."""
    nodes = list(every_command())
    places = dict(_places(nodes))
    return {**dict(_listing(places)), **dict(_pages(nodes, places)), **dict(_manuals(nodes))}


def _pages(nodes: list[Node], places: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    pages = [
        *((places[code], entry_page(entry)) for code, entry in CATALOGUE.items()),
        *((places[name], policy_page(policy)) for name, policy in POLICIES.items()),
        *((places[node.typed], command_page(node)) for node in nodes),
    ]
    for place, page in pages:
        yield place, markdown(page, links_from(place, places), note=NOTE)


def _listing(places: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for place, make in (("docs/findings.md", findings_page), ("docs/policies.md", policies_page)):
        yield place, make(links_from(place, places), note=NOTE)


def _manuals(nodes: list[Node]) -> Iterator[tuple[str, str]]:
    names = {node.typed: node.typed.replace(" ", "-") for node in nodes}
    date = release_date((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), __version__)
    for node in nodes:
        text = roff(command_page(node), names, release=f"{PROGRAM} {__version__}", date=date, note=NOTE)
        yield f"man/{names[node.typed]}.1", text


def _places(nodes: list[Node]) -> Iterator[tuple[str, str]]:
    """Where each topic has its page, by every name that texts use for it."""
    yield from ((code, f"docs/findings/{code}.md") for code in CATALOGUE)
    yield from ((name, f"docs/policies/{name}.md") for name in POLICIES)
    yield from ((cited, f"docs/policies/{name}.md") for cited, name in CITED.items())
    for node in nodes:
        place = f"docs/commands/{'-'.join(node.words)}.md" if node.words else "docs/commands.md"
        yield from ((node.typed, place), (f"{PROGRAM} explain {node.name or PROGRAM}", place))
    yield from ((f"docs/{path.name}", f"docs/{path.name}") for path in sorted((ROOT / "docs").glob("*.md")))


def links_from(place: str, places: Mapping[str, str]) -> dict[str, str]:
    """How a page links to the others; never to itself."""
    here = PurePosixPath(place).parent
    return {name: _relative(PurePosixPath(there), here) for name, there in places.items() if there != place}


def _relative(there: PurePosixPath, here: PurePosixPath) -> str:
    return str(there.relative_to(here)) if there.is_relative_to(here) else f"../{_relative(there, here.parent)}"


def release_date(changelog: str, version: str) -> str:
    """The date of a release as the changelog has it, "" where it has none yet; never the day of the build."""
    found = re.search(rf"^## \[?{re.escape(version)}\]? - (\d{{4}}-\d\d-\d\d)$", changelog, re.MULTILINE)
    return found[1] if found else ""


def write() -> None:
    """Write every page, and remove those of topics that are gone."""
    wanted = files()
    for folder in FOLDERS:
        (ROOT / folder).mkdir(parents=True, exist_ok=True)
        for path in (ROOT / folder).iterdir():
            if f"{folder}/{path.name}" not in wanted:
                path.unlink()
    for place, text in wanted.items():
        (ROOT / place).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
