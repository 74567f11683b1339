"""Who a driver is: which versions of the contract it speaks, its name, how fast it answers, and what else it serves."""

import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from google.protobuf.message import DecodeError

from cosictl.driver.channel import Answer, Channel
from cosictl.driver.types import DriverInfo
from cosictl.driver.wire import GET_INFO
from cosictl.driver.wires import WIRES
from cosictl.model.copying import replace
from cosictl.model.failures import GrpcCode
from cosictl.model.refs import Api

LONGEST_NAME: Final = 63
# main CRDs: the pattern of driverName; and what a v1alpha2 sidecar itself demands when it starts (RFC 1035 labels).
_NAME: Final = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9.-]{0,61}[a-zA-Z0-9])?")
_LABEL: Final = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?")

# grpc.health.v1: Check of the whole server is an empty request; field 1 of the answer is the status, 1 is SERVING.
_HEALTH: Final = "/grpc.health.v1.Health/Check"
_SERVING: Final = b"\x08\x01"
# grpc.reflection: field 7 of the request (list_services) with an empty text.
_REFLECTION: Final = tuple(
    f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo" for version in ("v1", "v1alpha")
)
_LIST_SERVICES: Final = b"\x3a\x00"
# Seconds for what is only nice to know.
_ASIDE: Final = 5.0
_NO_REPLY: Final = "its reply is no DriverGetInfoResponse"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundTrip:
    """How long DriverGetInfo took, in seconds."""

    min: float
    median: float
    max: float
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a driver says about itself. ``answers`` are the first answers, by version; no version: it is none."""

    answers: dict[Api, Answer]
    infos: dict[Api, DriverInfo]
    round_trip: RoundTrip | None = None
    health: str = ""
    reflection: bool = False

    @property
    def apis(self) -> tuple[Api, ...]:
        """The versions it speaks."""
        return tuple(self.infos)

    @property
    def name(self) -> str:
        """Its name, in the first version it speaks."""
        return next((info.name for info in self.infos.values()), "")

    @property
    def protocols(self) -> tuple[str, ...]:
        """The protocols it offers; v1alpha1 does not ask for them."""
        return next((info.protocols for info in self.infos.values() if info.protocols), ())


def who_is(channel: Channel, apis: Sequence[Api] = tuple(Api), *, timeout: float) -> Identity:
    """Ask a driver who it is, in each version at the same time.

    ``timeout`` is in seconds. Raises nothing: an answer is an answer. An OK that is no DriverGetInfoResponse is none.
    """
    running = {api: channel.start(_path(api), b"", timeout=timeout) for api in apis}
    answers = {api: call.wait() for api, call in running.items()}
    infos: dict[Api, DriverInfo] = {}
    for api, answer in answers.items():
        method = WIRES[api].methods[GET_INFO]
        if not answer.ok:
            continue
        try:
            infos[api] = method.read(method.reply.FromString(answer.reply))
        except DecodeError:
            answers[api] = Answer(code=GrpcCode.INTERNAL, message=_NO_REPLY, seconds=answer.seconds, from_driver=False)
    return Identity(answers=answers, infos=infos)


def identify(channel: Channel, *, count: int = 1, timeout: float) -> Identity:
    """Ask a driver who it is, time ``count`` calls, and see what else it serves; otherwise as ``who_is``."""
    who = who_is(channel, timeout=timeout)
    if not who.infos:
        return who
    path = _path(who.apis[0])
    times = [answer.seconds for answer in (channel.call(path, b"", timeout=timeout) for _ in range(count)) if answer.ok]
    trip = None
    if times:
        trip = RoundTrip(min=min(times), median=statistics.median(times), max=max(times), count=len(times))
    aside = min(timeout, _ASIDE)
    reflections = (channel.first_of_stream(path, _LIST_SERVICES, timeout=aside) for path in _REFLECTION)
    return replace(who, round_trip=trip, health=_health(channel, aside), reflection=any(map(_is_served, reflections)))


def name_problems(name: str) -> tuple[str, ...]:
    """Say what is wrong with a driver's name, and what comes of it; nothing for a good one. Pure.

    Sources: the specification of DriverGetInfo (both versions), the pattern of driverName in main's CRDs, and the
    check of a v1alpha2 sidecar when it starts.
    """
    if not name:
        return ("it is empty: no sidecar can serve this driver, and no class can name it",)
    found = []
    if len(name) > LONGEST_NAME:
        found.append(f"it has {len(name)} characters, {LONGEST_NAME} are allowed: v1alpha2 objects cannot name it")
    elif not _NAME.fullmatch(name):
        found.append(
            "it must begin and end with a letter or digit, with only letters, digits, '-' and '.' between: "
            "v1alpha2 objects cannot name it"
        )
    if name != name.lower():
        found.append("it has capital letters: v1alpha2 compares exactly, and its sidecar does not start with them")
    elif not found and not all(_LABEL.fullmatch(label) for label in name.split(".")):
        found.append(
            "each part between dots should begin with a letter and end with a letter or digit: "
            "a v1alpha2 sidecar does not start otherwise"
        )
    return tuple(found)


def _path(api: Api) -> str:
    wire = WIRES[api]
    return wire.path(wire.methods[GET_INFO])


def _is_served(answer: Answer) -> bool:
    return answer.ok or answer.code not in {GrpcCode.UNIMPLEMENTED, GrpcCode.DEADLINE_EXCEEDED, GrpcCode.UNAVAILABLE}


def _health(channel: Channel, timeout: float) -> str:
    """Say what the health service answers, "" where there is none."""
    answer = channel.call(_HEALTH, b"", timeout=timeout)
    if answer.ok:
        return "serving" if answer.reply.startswith(_SERVING) else "not serving"
    return "unknown" if answer.code is GrpcCode.NOT_FOUND else ""
