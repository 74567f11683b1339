"""Where a driver listens, in the spellings people use: unix sockets, bare paths, tcp://, dns:///, host and port.

In: text. Out: an ``Endpoint``, or UsageError. Nothing is opened here. Sources: the gRPC name syntax (``unix:``,
``dns:``, ``ipv4:``, ``ipv6:``), and ``tcp://``, which container-storage drivers use and gRPC does not know.
"""

import os
import re
from dataclasses import dataclass
from typing import Final

from cosictl.errors import UsageError

# Where COSI's manifests put it, and what a v1alpha2 sidecar assumes (main cmd/sidecar, COSI_ENDPOINT).
DEFAULT: Final = "unix:///var/lib/cosi/cosi.sock"
# What the kernel takes for the path of a unix socket, with the byte that ends it.
LONGEST_PATH: Final = 107
_HOST_AND_PORT: Final = re.compile(r"(?P<host>\[[0-9A-Fa-f:.%\w]+\]|[^\s\[\]:/]+):(?P<port>\d{1,5})")
_EXAMPLES: Final = "write unix:///var/lib/cosi/cosi.sock, a path, tcp://HOST:PORT or dns:///HOST:PORT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A driver's address: the ``path`` of a unix socket, or ``host`` and ``port``."""

    path: str = ""
    host: str = ""
    port: int = 0

    @property
    def target(self) -> str:
        """The address as gRPC spells it."""
        if self.path:
            return f"unix:{self.path}"
        return f"dns:///[{self.host}]:{self.port}" if ":" in self.host else f"dns:///{self.host}:{self.port}"

    def __str__(self) -> str:
        if self.path:
            return f"unix://{self.path}" if self.path.startswith("/") else self.path
        return f"tcp://[{self.host}]:{self.port}" if ":" in self.host else f"tcp://{self.host}:{self.port}"


def parse_endpoint(text: str) -> Endpoint:
    """Read an endpoint; raises UsageError."""
    scheme, colon, rest = text.partition(":")
    if not text.strip() or "\0" in text:
        raise UsageError("the endpoint is empty" if not text.strip() else "the endpoint has a NUL in it")
    if colon and scheme == "unix":
        # unix:///path and unix:/path; unix://path has a host in it, and people mean a path.
        return _unix(rest.removeprefix("//"), text)
    if colon and scheme in {"http", "https"}:
        raise UsageError(
            f"{text}: a driver speaks gRPC, which is not called by URL", next_step="write tcp://HOST:PORT, and --tls"
        )
    if colon and scheme in {"tcp", "dns", "ipv4", "ipv6"}:
        # dns://SERVER/HOST:PORT names the server to ask; which one that is does not change the address.
        return _network(rest.removeprefix("//").rpartition("/")[2], text)
    if "/" in text or text.endswith(".sock"):
        return _unix(text, text)
    return _network(text, text)


def _unix(path: str, text: str) -> Endpoint:
    if not path:
        raise UsageError(f"{text}: names no path", next_step=_EXAMPLES)
    if len(os.fsencode(path)) > LONGEST_PATH:
        raise UsageError(
            f"the path of a socket may have {LONGEST_PATH} bytes, this one has {len(os.fsencode(path))}",
            next_step="make a shorter symbolic link to its folder",
        )
    return Endpoint(path=path)


def _network(address: str, text: str) -> Endpoint:
    found = _HOST_AND_PORT.fullmatch(address)
    if found is None or not 0 < int(found["port"]) < 65536:
        raise UsageError(f"{text}: is no endpoint", next_step=_EXAMPLES)
    return Endpoint(host=found["host"].strip("[]"), port=int(found["port"]))
