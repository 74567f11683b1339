"""A diagnosis in figures, for a monitoring system: counts, without a name of any object."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from cosictl.model.report import Outlook


class Tally(Struct, frozen=True, kw_only=True, gc=False):
    """The figures of one observation.

    ``stuck`` counts stuck objects and Pods by finding code ("" where none says why), outlook and driver; ``oldest`` has
    the age in seconds of the one stuck longest, by finding and driver, where that is known. ``objects`` counts by kind
    and outlook. ``wasted`` has the calls an hour that loops make, by driver, and 0 for drivers without any. ``errors``
    counts by resource what could not be read or decoded, with 0 for what was read and is well. ``whole``: nothing that
    bears on a verdict was left unread, so what is not counted is not there. ``tells``: some kind of object was read.
    """

    taken_at: datetime
    stuck: Mapping[tuple[str, Outlook, str], int]
    oldest: Mapping[tuple[str, str], float]
    objects: Mapping[tuple[str, Outlook], int]
    wasted: Mapping[str, float]
    errors: Mapping[str, int]
    whole: bool
    tells: bool
