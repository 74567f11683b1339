"""Which release an image is: from its repository name, its tag, and the commits that are known.

Upstream publishes release tags (``v0.2.2``) and staging tags (``vDATE-vBASE-COUNT-gCOMMIT``, from ``git describe``).
Mirrors keep the last part of the repository and the tag. A tag is the publisher's word; only a digest is proof, and
no digest is in this table, because none of them was verified.
"""

import re
from typing import Literal

from msgspec import Struct

from cosictl.knowledge.image_rows import COMMITS, CONTROLLER_NAMES, MOVING_TAGS, SIDECAR_NAMES, Commit
from cosictl.knowledge.policies import POLICIES, RELEASES
from cosictl.model.copying import replace
from cosictl.model.refs import Api

Role = Literal["sidecar", "controller"]


class ImageMatch(Struct, frozen=True, kw_only=True):
    """What an image is known to be.

    ``policy`` is the policy of the sidecar release, None where the image does not tell and always None for a
    controller. ``api`` is the version it speaks, None where that is not known. ``release`` is a short name such as
    ``v0.2.2``, or empty. ``why`` is one sentence for the reader.
    ``certain``: the image alone decides; otherwise it is only the best guess.
    """

    role: Role
    policy: str | None
    release: str
    why: str
    certain: bool
    api: Api | None = None


class _Name(Struct, frozen=True, kw_only=True):
    """An image reference taken apart; ``upstream``: the repository carries upstream's own name."""

    role: Role
    upstream: bool
    tag: str
    digest: bool


_SCHEME = re.compile(r"^[a-z0-9-]{1,30}://")
_RELEASE = re.compile(r"^(v?)(\d{1,4}\.\d{1,4}\.\d{1,4})$")
_VENDOR = re.compile(r"^v?(\d{1,4}\.\d{1,4}\.\d{1,4})[-_+.][a-z0-9]")
_STAGING = re.compile(r"^v(\d{8})-v?(\d{1,4}\.\d{1,4}\.\d{1,4})(?:-(\d{1,5})-g([0-9a-f]{7,40}))?$")

# main changed its API to v1alpha2 in f19306e5; the last commit the policies were read from; begin of "later main".
_ALPHA2_SINCE = 20251001
_MAIN_READ_AT = 20260305
_LATER_MAIN_SINCE = 20260501


def match_image(image: str, image_id: str = "") -> ImageMatch | None:
    """What a container image is known to be, or None when it is no COSI sidecar or controller.

    ``image`` is the reference of the container, ``image_id`` that of its status, which is asked when the first holds
    no repository (some runtimes report a bare digest).
    """
    name = _take_apart(image)
    if name is None:
        name = _take_apart(image_id)
    if name is None:
        return None
    if not name.tag:
        return _untagged(name)
    found = _by_commit(name) or _by_release(name) or _by_staging_tag(name) or _by_other_tag(name)
    return found if not name.digest else _pinned(found)


def _take_apart(reference: str) -> _Name | None:
    rest, _, digest = _SCHEME.sub("", reference.strip()[:1024].lower()).partition("@")
    directory, _, last = rest.rpartition("/")
    base, _, tag = last.partition(":")
    parent = directory.rpartition("/")[2]
    for role, names in _ROLES:
        for own in names:
            if re.search(rf"(?:^|[-_.]){re.escape(own)}$", base) or f"{parent}-{base}" == own:
                return _Name(role=role, upstream=own == names[0], tag=tag, digest=bool(digest))
    return None


_ROLES: tuple[tuple[Role, tuple[str, ...]], ...] = (("sidecar", SIDECAR_NAMES), ("controller", CONTROLLER_NAMES))


def _match(
    name: _Name, policy: str | None, release: str, why: str, *, certain: bool, api: Api | None = None
) -> ImageMatch:
    return ImageMatch(
        role=name.role,
        policy=policy if name.role == "sidecar" else None,
        release=release,
        why=why,
        certain=certain,
        api=POLICIES[policy].api if policy is not None else api,
    )


def _untagged(name: _Name) -> ImageMatch:
    if name.digest:
        why = (
            "named by digest only, which tells no release; compare it with those of the releases, for instance "
            "crane digest registry.k8s.io/sig-storage/objectstorage-sidecar:v0.2.2"
        )
    else:
        why = "no tag, which means latest: whatever was newest when the node pulled it"
    return _match(name, None, "", why, certain=False)


def _pinned(found: ImageMatch) -> ImageMatch:
    why = f"{found.why}; the digest beside the tag decides what runs, the tag is taken at its word"
    return replace(found, why=why)


def _by_commit(name: _Name) -> ImageMatch | None:
    """A tag that holds a known commit says exactly what was built."""
    for row in COMMITS:
        if name.role in row.roles and re.search(rf"(?:^|[-_.]|-g){row.commit}[0-9a-f]{{0,33}}(?![0-9a-z])", name.tag):
            plain = re.search(rf"{row.commit}[0-9a-f]{{0,33}}$", name.tag) is not None
            certain = row.certain and name.upstream and plain
            return _match(name, row.policy, row.release, _commit_words(row, name), certain=certain, api=row.api)
    return None


def _commit_words(row: Commit, name: _Name) -> str:
    return f"built from commit {row.commit}: {row.sidecar if name.role == 'sidecar' else row.controller}"


def _by_release(name: _Name) -> ImageMatch | None:
    """A release tag, as it is or with a vendor's suffix."""
    exact = _RELEASE.match(name.tag)
    vendor = None if exact else _VENDOR.match(name.tag)
    if vendor is not None and re.match(r"^v?[\d.]+-\d+-g[0-9a-f]{7}", name.tag):
        return None
    found = exact or vendor
    if found is None:
        return None
    number = found.group(2 if exact else 1)
    if number not in RELEASES:
        return _unknown_release(name, number)
    policy, row = RELEASES[number]
    words = row.sidecar if name.role == "sidecar" else row.controller
    if exact is None:
        words += f"; the tag {name.tag} is a vendor's, who may have changed it"
    elif not name.upstream:
        words += "; the repository has a name of its own"
    return _match(name, policy.name, f"v{number}", words, certain=exact is not None and name.upstream)


def _unknown_release(name: _Name, number: str) -> ImageMatch:
    parts = tuple(int(part) for part in number.split("."))
    if parts < (0, 2, 0):
        return _match(
            name, None, f"v{number}", "older than the releases this program knows (v0.2.0 and later)", certain=False
        )
    if parts[:2] == (0, 2):
        why = "a later patch of v0.2, taken to behave like v0.2.2"
        return _match(name, "v0.2.2", f"v{number}", why, certain=False)
    why = "newer than every release this program knows" if name.upstream else "a version that is not upstream's"
    return _match(name, None, f"v{number}", why, certain=False)


def _by_staging_tag(name: _Name) -> ImageMatch | None:
    """A staging tag whose commit is not known: its date and base narrow it."""
    found = _STAGING.match(name.tag)
    if found is None:
        return None
    date, base, count = int(found.group(1)), found.group(2), int(found.group(3) or 0)
    if not count:
        plain = _by_release(_Name(role=name.role, upstream=name.upstream, tag=f"v{base}", digest=False))
        if plain is not None:
            return plain
    policy, words = _by_date(date, base)
    release = f"v{base}-{count} ({found.group(4)})" if count else f"v{base}"
    why = f"a staging build {count} commits after v{base}: {words}"
    api = Api.V1ALPHA2 if date >= _ALPHA2_SINCE and base != "0.2.2" else Api.V1ALPHA1
    return _match(name, policy, release, why, certain=False, api=api)


def _by_date(date: int, base: str) -> tuple[str | None, str]:
    if base.startswith("0.1."):
        return None, "of a commit of the retired repositories that this program does not know"
    if base == "0.2.2":
        return "v0.2.2", "after the release, taken to behave like it"
    if date < _ALPHA2_SINCE:
        return None, "between v0.2.1 and v0.2.2, which treat every code alike but differ in what an edit does"
    if date <= _MAIN_READ_AT:
        return "main-2026-03", "v1alpha2, before the commit of March 2026 this program knows"
    if date < _LATER_MAIN_SINCE:
        return None, "v1alpha2, between the known states of main; whether it deletes at the driver is not known"
    return "later-main", "v1alpha2, of the time after the deletion work of May 2026"


def _by_other_tag(name: _Name) -> ImageMatch:
    if name.tag in MOVING_TAGS:
        why = f"tag {name.tag} moves: it is whatever was newest when the node pulled it (v1alpha2 since October 2025)"
    else:
        why = f"tag {name.tag} names no release this program knows"
    return _match(name, None, "", why, certain=False)
