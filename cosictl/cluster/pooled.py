"""Send requests through the official client's connection pool, which knows proxies."""

from collections.abc import Iterator, Mapping

import urllib3
import urllib3.exceptions as u3

from cosictl.cluster.noanswer import CUT, SLOW, UNSENDABLE, NoAnswerError, Trouble
from cosictl.cluster.transport import PIECE_BYTES, Answer, Headers


class PoolTransport:
    """Requests to the server at ``host``, through a pool; see ``transport.Transport``."""

    def __init__(self, pool: urllib3.PoolManager, host: str) -> None:
        self._pool = pool
        self._host = host

    def send(
        self, method: str, path: str, headers: Headers, body: bytes | None, *, connect: float, read: float | None
    ) -> Answer:
        """See ``transport.Transport``."""
        sent = urllib3.HTTPHeaderDict()
        for name, value in headers:
            sent.add(name, value)
        try:
            found = self._pool.request(
                method,
                self._host + path,
                body=body,
                headers=sent,
                timeout=urllib3.Timeout(connect=connect, read=read),
                retries=False,
                redirect=False,
                preload_content=False,
            )
        except u3.HTTPError as error:
            raise no_answer(error) from error
        except ValueError:
            raise NoAnswerError(Trouble.UNREACHED, UNSENDABLE) from None
        return _PoolAnswer(found)


class _PoolAnswer:
    """See ``transport.Answer``."""

    def __init__(self, found: urllib3.BaseHTTPResponse) -> None:
        self.status = found.status
        self.headers: Mapping[str, str] = {name.lower(): value for name, value in found.headers.items()}
        self._found = found
        self._is_whole = False

    def pieces(self, *, live: bool) -> Iterator[bytes]:
        try:
            if live:
                while piece := self._found.read1(PIECE_BYTES, decode_content=True):
                    yield piece
            else:
                yield from self._found.stream(PIECE_BYTES, decode_content=True)
        except u3.SSLError as error:
            raise NoAnswerError(Trouble.BROKEN, f"the connection broke: {_words(error)}") from error
        except u3.HTTPError as error:
            raise no_answer(error) from error
        self._is_whole = True

    def close(self) -> None:
        if self._is_whole:
            self._found.release_conn()
        else:
            self._found.close()


def no_answer(error: u3.HTTPError) -> NoAnswerError:
    """Return in our words what urllib3 raises where a request gets no whole answer."""
    cause = _innermost(error)
    match cause:
        case u3.ReadTimeoutError():
            return NoAnswerError(Trouble.SLOW_ANSWER, SLOW)
        case u3.SSLError():
            return NoAnswerError(Trouble.UNTRUSTED, _words(cause))
        case u3.NewConnectionError() | u3.ProxyError() | u3.LocationValueError():
            return NoAnswerError(Trouble.UNREACHED, _words(cause))
        case u3.ConnectTimeoutError():
            return NoAnswerError(Trouble.SLOW_CONNECT, _words(cause))
        case _:
            return _broken(cause)


def _broken(cause: Exception) -> NoAnswerError:
    if isinstance(cause, u3.IncompleteRead) or "IncompleteRead" in str(cause):
        return NoAnswerError(Trouble.BROKEN, CUT)
    said = cause.args[-1] if isinstance(cause, u3.ProtocolError) and cause.args else cause
    return NoAnswerError(Trouble.BROKEN, f"the connection broke: {_words(said)}")


def _words(said: object) -> str:
    return " ".join(str(said).split())


def _innermost(error: Exception) -> Exception:
    """Unpack what urllib3 wraps around the real reason."""
    reason = getattr(error, "reason", None)
    while isinstance(reason, Exception):
        error, reason = reason, getattr(reason, "reason", None)
    return error
