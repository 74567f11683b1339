"""A method of the wire contract as a row: its name, its messages, and how they become our types and back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cosictl.model.refs import Api

IDENTITY = "Identity"
PROVISIONER = "Provisioner"
GET_INFO = "DriverGetInfo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """``encode`` and ``decode`` are for requests, ``answer`` and ``read`` for replies; ``call`` does the work.

    Messages have no types here: protobuf's classes are made at run time. ``call`` takes a driver and a request.
    """

    name: str
    service: str
    request: Any
    reply: Any
    encode: Callable[[Any], Any]
    decode: Callable[[Any], Any]
    answer: Callable[[Any], Any]
    read: Callable[[Any], Any]
    call: Callable[[Any, Any], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """One version of the contract: its protobuf package and its methods by name."""

    api: Api
    package: str
    methods: Mapping[str, Method]

    def path(self, method: Method) -> str:
        """Return the HTTP/2 path of a method."""
        return f"/{self.package}.{method.service}/{method.name}"
