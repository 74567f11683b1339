"""The digest of what a person has seen: whoever repeats it agrees to exactly that, and to nothing that moved since."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from cosictl.model.failures import Classification
from cosictl.model.objects import CosiObject

# Hexadecimal digits: long enough that no other design has it by chance, short enough to be copied.
LENGTH: Final = 16


def digest_of(design: Mapping[str, Any]) -> str:
    """Return the digest of a design: of its content, not of the order or spelling of its JSON. Pure."""
    text = json.dumps(design, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:LENGTH]


def pinned(item: CosiObject) -> dict[str, Any]:
    """Return what must not move on an object between the look and the deed: never counts, never times of a loop."""
    meta = item.meta
    return {
        "object": str(item.ref),
        "uid": meta.uid,
        "generation": meta.generation,
        "deletionTimestamp": meta.deleted.isoformat() if meta.deleted is not None else None,
        "finalizers": list(meta.finalizers),
    }


def fingerprint(found: Classification | None, text: str) -> dict[str, Any]:
    """Return what tells one failure from another: code, cause, rule and masked text."""
    if found is None:
        return {}
    code = found.grpc_code.value if found.grpc_code is not None else None
    return {"code": code, "cause": found.cause.value, "rule": found.rule, "text": text}
