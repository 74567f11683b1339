"""TLS for the few drivers that are reached over a network: what the options say, for gRPC and for the first look."""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc

from cosictl.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """PEM files: the authority to trust ("" for the system's), and our certificate with its key.

    ``server_name`` is the name to expect in the server's certificate, "" for the host's.
    """

    authority: str = ""
    certificate: str = ""
    key: str = ""
    server_name: str = ""


def client_context(tls: Tls) -> ssl.SSLContext:
    """Return the standard library's context for what the channel will do; raises UsageError for a bad file."""
    try:
        context = ssl.create_default_context(cafile=tls.authority or None)
        if tls.certificate:
            context.load_cert_chain(tls.certificate, tls.key or None)
    except OSError as error:  # SSLError is one
        files = ", ".join(filter(None, (tls.authority, tls.certificate, tls.key)))
        raise UsageError(
            f"{files}: cannot be used: {error.strerror or error}",
            next_step="give PEM files, a certificate with its key",
        ) from None
    context.set_alpn_protocols(["h2"])
    return context


def credentials(tls: Tls) -> Any:
    """Return gRPC's credentials for a channel; the files have been read once by ``client_context``."""
    return grpc.ssl_channel_credentials(
        root_certificates=_content(tls.authority),
        private_key=_content(tls.key or tls.certificate),
        certificate_chain=_content(tls.certificate),
    )


def _content(path: str) -> bytes | None:
    return Path(path).read_bytes() if path else None
