"""A certificate for one run on the loopback, because kubectl sends tokens only over TLS.

The key (P-256) is made at start, lives as long as the process and protects nothing but this machine's loopback from
itself: plain arithmetic is good enough for it, and an extension module or the ``openssl`` program need not be there.
Certificate: RFC 5280; key: RFC 5915; signature: ECDSA with SHA-256 (FIPS 186-4).
"""

import base64
import hashlib
import secrets
import ssl
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final

Point = tuple[int, int] | None

# Curve P-256 (FIPS 186-4, D.1.2.3).
_P: Final = 2**256 - 2**224 + 2**192 + 2**96 - 1
_A: Final = _P - 3
_N: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_G: Final = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
_EC_KEY: Final = bytes.fromhex("06072a8648ce3d0201")
_P256: Final = bytes.fromhex("06082a8648ce3d030107")
_ECDSA_SHA256: Final = bytes.fromhex("06082a8648ce3d040302")
_COMMON_NAME: Final = bytes.fromhex("0603550403")
_LIFETIME: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate that signs itself, and its key, both as PEM text."""

    pem: str
    key: str

    def context(self) -> ssl.SSLContext:
        """Return what a server needs; the key is on disk for a moment, readable by its owner only."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
            Path(file.name).chmod(0o600)
            file.write(self.key + self.pem)
            file.flush()
            context.load_cert_chain(file.name)
        return context


def self_signed(address: str, *, now: datetime | None = None) -> Certificate:
    """Make a key and a certificate for an IP address and ``localhost``, good for a month around ``now``."""
    secret = 1 + secrets.randbelow(_N - 1)
    public = _encoded(_times(secret, _G))
    key_info = _sequence(_sequence(_EC_KEY, _P256), _bits(public))
    body = _to_be_signed(address, key_info, public, now or datetime.now(UTC))
    whole = _sequence(body, _sequence(_ECDSA_SHA256), _bits(_signature(secret, body)))
    key = _sequence(
        _integer(1), _tagged(0x04, secret.to_bytes(32, "big")), _tagged(0xA0, _P256), _tagged(0xA1, _bits(public))
    )
    return Certificate(pem=_pem("CERTIFICATE", whole), key=_pem("EC PRIVATE KEY", key))


def _to_be_signed(address: str, key_info: bytes, public: bytes, now: datetime) -> bytes:
    name = _sequence(_tagged(0x31, _sequence(_COMMON_NAME, _tagged(0x0C, b"cosictl sandbox"))))
    return _sequence(
        _tagged(0xA0, _integer(2)),
        _integer(1 + secrets.randbelow(2**63)),
        _sequence(_ECDSA_SHA256),
        name,
        _sequence(_time(now - _LIFETIME), _time(now + _LIFETIME)),
        name,
        key_info,
        _tagged(0xA3, _sequence(*_extensions(address, public))),
    )


def _extensions(address: str, public: bytes) -> Iterable[bytes]:
    names = _sequence(_tagged(0x82, b"localhost"), _tagged(0x87, ip_address(address).packed))
    yes = _tagged(0x01, b"\xff")
    # Strict clients want to see of a certificate that signs itself that it may, and what its key is called.
    yield _extension("0603551d13", _sequence(yes), critical=True)
    # digitalSignature and keyCertSign
    yield _extension("0603551d0f", _tagged(0x03, b"\x02\x84"), critical=True)
    yield _extension("0603551d25", _sequence(bytes.fromhex("06082b06010505070301")))
    yield _extension("0603551d0e", _tagged(0x04, hashlib.sha256(public).digest()[:20]))
    yield _extension("0603551d11", names)


def _extension(identifier: str, value: bytes, *, critical: bool = False) -> bytes:
    mark = _tagged(0x01, b"\xff") if critical else b""
    return _sequence(bytes.fromhex(identifier), mark, _tagged(0x04, value))


def _signature(secret: int, message: bytes) -> bytes:
    digest = int.from_bytes(hashlib.sha256(message).digest(), "big")
    while True:
        once = 1 + secrets.randbelow(_N - 1)
        point = _times(once, _G)
        assert point is not None
        first = point[0] % _N
        second = pow(once, -1, _N) * (digest + first * secret) % _N
        if first and second:
            return _sequence(_integer(first), _integer(second))


def _add(one: Point, other: Point) -> Point:
    if one is None or other is None:
        return one or other
    if one[0] == other[0]:
        if (one[1] + other[1]) % _P == 0:
            return None
        slope = (3 * one[0] ** 2 + _A) * pow(2 * one[1], -1, _P) % _P
    else:
        slope = (other[1] - one[1]) * pow(other[0] - one[0], -1, _P) % _P
    across = (slope**2 - one[0] - other[0]) % _P
    return across, (slope * (one[0] - across) - one[1]) % _P


def _times(factor: int, point: Point) -> Point:
    total: Point = None
    while factor:
        if factor & 1:
            total = _add(total, point)
        point = _add(point, point)
        factor >>= 1
    return total


def _encoded(point: Point) -> bytes:
    assert point is not None
    return b"\x04" + point[0].to_bytes(32, "big") + point[1].to_bytes(32, "big")


def _tagged(tag: int, value: bytes) -> bytes:
    """Encode one DER value."""
    size = len(value)
    if size < 0x80:
        return bytes([tag, size]) + value
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + value


def _sequence(*parts: bytes) -> bytes:
    return _tagged(0x30, b"".join(parts))


def _bits(value: bytes) -> bytes:
    return _tagged(0x03, b"\x00" + value)


def _integer(value: int) -> bytes:
    return _tagged(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _time(when: datetime) -> bytes:
    return _tagged(0x17, when.astimezone(UTC).strftime("%y%m%d%H%M%SZ").encode())


def _pem(label: str, content: bytes) -> str:
    text = base64.encodebytes(content).decode()
    return f"-----BEGIN {label}-----\n{text}-----END {label}-----\n"
