"""The catalogue of stuck situations: every finding code, what it looks like, why, and what to do about it.

Numbers follow the situation's id: C07 is COSI107, H01 COSI201, D02 COSI302, A06 COSI406, S03 COSI503. A09b is a
situation of its own and has the number after A18, COSI419. 6xx are classes and configuration, 9xx is what could not
be read, decoded or told. A code is never given to anything else.
"""

from collections.abc import Mapping

from cosictl.knowledge import (
    catalogue_access,
    catalogue_claims,
    catalogue_components,
    catalogue_creation,
    catalogue_deletion,
    catalogue_handoff,
    catalogue_reading,
    catalogue_revoke,
    catalogue_silence,
)
from cosictl.knowledge.entry import Detect, Entry

__all__ = ["CATALOGUE", "Detect", "Entry", "entry_by_id"]

_GROUPS = (
    catalogue_creation.ENTRIES,
    catalogue_silence.ENTRIES,
    catalogue_handoff.ENTRIES,
    catalogue_deletion.ENTRIES,
    catalogue_claims.ENTRIES,
    catalogue_access.ENTRIES,
    catalogue_revoke.ENTRIES,
    catalogue_components.ENTRIES,
    catalogue_reading.ENTRIES,
)

CATALOGUE: Mapping[str, Entry] = {
    entry.code: entry for entry in sorted((entry for group in _GROUPS for entry in group), key=lambda entry: entry.code)
}


def entry_by_id(identifier: str) -> Entry | None:
    """The entry with this id (``C07``, in any case) or code (``COSI107``), or None."""
    wanted = identifier.strip().casefold()
    return next((e for e in CATALOGUE.values() if wanted in {e.id.casefold(), e.code.casefold()}), None)
