"""A page of HTML taken apart by the parser of the standard library: its elements, and the words in them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final

VOID: Final = frozenset({"meta", "br"})


@dataclass(slots=True)
class Element:
    """An element with its attributes, what is in it, and where it stands."""

    name: str
    attributes: dict[str, str]
    path: tuple[str, ...]
    words: str = ""

    def __getitem__(self, name: str) -> str:
        return self.attributes.get(name, "")


@dataclass(slots=True)
class Read:
    """A page: its elements in order. What is not well nested is an assertion."""

    elements: list[Element] = field(default_factory=list)

    @property
    def shape(self) -> list[tuple[str, ...]]:
        """The elements and where they stand, without words and attributes."""
        return [element.path for element in self.elements]

    def named(self, name: str) -> list[Element]:
        """The elements of a name."""
        return [element for element in self.elements if element.name == name]

    @property
    def ids(self) -> list[str]:
        """Every id, in order."""
        return [element["id"] for element in self.elements if element["id"]]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page = Read()
        self._open: list[Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        path = (*(element.name for element in self._open), tag)
        assert len(attrs) == len(dict(attrs)), f"an attribute stands twice in {path}"
        element = Element(tag, {name: value or "" for name, value in attrs}, path)
        self.page.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().name == tag

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.words += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def close(self) -> None:
        super().close()
        assert self._open == []


def read_page(text: str) -> Read:
    """Read a page; what is not well nested is an assertion."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return reader.page
