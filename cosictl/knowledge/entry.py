"""The noun of the catalogue: one stuck situation, as a person on call needs to read it."""

from enum import StrEnum

from msgspec import Struct

from cosictl.model.failures import FixBy
from cosictl.model.refs import Api
from cosictl.model.report import Outlook

BOTH = (Api.V1ALPHA1, Api.V1ALPHA2)
ALPHA1 = (Api.V1ALPHA1,)
ALPHA2 = (Api.V1ALPHA2,)


class Detect(StrEnum):
    """What it takes to find a situation.

    ``OBJECTS``: COSI objects, their events, Leases and Pods show it. ``PROBE``: only a log, or a call to the driver,
    tells it from its look-alikes. ``NONE``: nothing that this program may read is left of it.
    """

    OBJECTS = "objects"
    PROBE = "logs-or-probe"
    NONE = "not-detectable"


class Entry(Struct, frozen=True, kw_only=True):
    """One situation of the catalogue.

    ``title`` is what a user sees, in one line. ``tell_apart`` says what separates it from its look-alikes, ``cause``
    why it happens, ``remedy`` what to do, best first, ``risk`` what never to do and what is left behind otherwise.
    ``meanwhile`` is the code raised, as a candidate, where the evidence does not tell. ``stuck_hint`` answers "will
    waiting help?" in one sentence; ``outlooks`` are those that its object has where the evidence tells, the usual one
    first; empty for what is never a finding. ``commands`` are templates: every ``{name}`` in them is filled with one
    word that is already quoted for a shell, or with a blank in capitals; they begin with what only reads. ``limits``
    says where it is found only in part. ``own_finding`` is False for what is shown in another way, which ``limits``
    then names.
    """

    code: str
    id: str
    title: str
    apis: tuple[Api, ...]
    symptom: str
    tell_apart: str
    cause: str
    source: str
    remedy: str
    risk: str
    fix_by: FixBy
    detect: Detect
    meanwhile: str = ""
    commands: tuple[str, ...]
    outlooks: tuple[Outlook, ...] = ()
    stuck_hint: str
    limits: str = ""
    own_finding: bool = True
