"""Look a word up: any code, policy, finalizer, annotation, image or word of the vocabulary, offline."""

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache

from msgspec import Struct

from cosictl.knowledge.annotations import ANNOTATIONS
from cosictl.knowledge.backend_codes import BACKEND_CODES
from cosictl.knowledge.catalogue import CATALOGUE
from cosictl.knowledge.finalizers import FINALIZERS
from cosictl.knowledge.grpc_codes import GRPC_CODES
from cosictl.knowledge.images import match_image
from cosictl.knowledge.pages import (
    Page,
    annotation_page,
    backend_page,
    entry_page,
    finalizer_page,
    grpc_page,
    image_page,
    policy_page,
    word_page,
)
from cosictl.knowledge.policies import POLICIES
from cosictl.knowledge.vocabulary import CAUSES, FIXERS, FLAGS, OUTLOOKS
from cosictl.model.failures import GrpcCode

__all__ = ["Page", "all_terms", "lookup", "suggestions"]


class _Topic(Struct, frozen=True, kw_only=True):
    name: str
    aliases: tuple[str, ...]
    page: Page


def lookup(term: str) -> Page | None:
    """The page about a term, or None when nothing has that name.

    Case and punctuation do not matter (``NOT_FOUND``, ``not-found``). A word with several meanings gives one page with
    the sections of all of them, the one spelled exactly like the term first. An image reference is looked up as one.
    """
    key = _key(term)
    if not key:
        return None
    found = [*_by_key().get(key, ())]
    if not found:
        match = match_image(term)
        return image_page(term.strip(), match) if match is not None else None
    found.sort(key=lambda topic: topic.name != term.strip())
    return found[0].page if len(found) == 1 else _merged([topic.page for topic in found])


def suggestions(term: str, *, more: Iterable[str] = ()) -> tuple[str, ...]:
    """Up to five known terms that look like this one, closest first; ``more`` are known too."""
    names: dict[str, str] = {}
    for name in (*all_terms(), *more):
        names.setdefault(_key(name), name)
    close = difflib.get_close_matches(_key(term)[:100], list(names), n=5, cutoff=0.6)
    return tuple(names[key] for key in close)


@cache
def all_terms() -> tuple[str, ...]:
    """Every term that has a page, each once: finding codes first, then the rest in the order of the tables."""
    return tuple(dict.fromkeys(topic.name for topic in _topics()))


@cache
def _topics() -> tuple[_Topic, ...]:
    return (*_codes(), *_things(), *_words())


@cache
def _by_key() -> Mapping[str, Sequence[_Topic]]:
    found: dict[str, list[_Topic]] = {}
    for topic in _topics():
        for key in dict.fromkeys(map(_key, (topic.name, *topic.aliases))):
            found.setdefault(key, []).append(topic)
    return found


def _codes() -> Iterator[_Topic]:
    for entry in CATALOGUE.values():
        yield _Topic(name=entry.code, aliases=(entry.id,), page=entry_page(entry))
    for row in GRPC_CODES.values():
        other = ("Cancelled",) if row.code is GrpcCode.CANCELED else ()
        yield _Topic(name=row.code.value, aliases=(str(row.number), f"code{row.number}", *other), page=grpc_page(row))
    for backend in BACKEND_CODES.values():
        yield _Topic(name=backend.code, aliases=(), page=backend_page(backend))


def _things() -> Iterator[_Topic]:
    for policy in POLICIES.values():
        aliases = tuple(f"v{made.number}" for made in policy.releases if f"v{made.number}" != policy.name)
        yield _Topic(name=policy.name, aliases=aliases, page=policy_page(policy))
    for finalizer in FINALIZERS.values():
        yield _Topic(name=finalizer.name, aliases=(_last(finalizer.name),), page=finalizer_page(finalizer))
    for note in ANNOTATIONS.values():
        yield _Topic(name=note.name, aliases=(_last(note.name),), page=annotation_page(note))


def _words() -> Iterator[_Topic]:
    for words, role in ((OUTLOOKS, "outlook"), (FLAGS, "flag"), (CAUSES, "cause"), (FIXERS, "who fixes it")):
        for word, meaning in words.items():
            yield _Topic(name=word.value, aliases=(), page=word_page(word.value, role, meaning))


def _merged(pages: list[Page]) -> Page:
    sections: list[tuple[str, str]] = []
    for page in pages:
        sections.extend((f"{page.title}: {heading}", text) for heading, text in page.sections)
    return Page(title="; ".join(page.title for page in pages), sections=tuple(sections))


def _last(name: str) -> str:
    return name.rpartition("/")[2]


def _key(term: str) -> str:
    return "".join(letter for letter in term.casefold() if letter.isalnum())
