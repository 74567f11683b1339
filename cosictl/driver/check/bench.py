"""What the cases of a check work with: calls in one version of the contract, and everything they make put on record."""

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from google.protobuf.message import DecodeError

from cosictl.driver.channel import Answer, Channel, Running
from cosictl.driver.check.register import ACCOUNT, BUCKET, Made, Register
from cosictl.driver.methods import planned
from cosictl.driver.requests import BucketRequest, InfoRequest
from cosictl.driver.types import AccessTerms, GrantRequest, RevokeRequest
from cosictl.driver.wire import GET_INFO
from cosictl.driver.wires import WIRES
from cosictl.model.copying import replace
from cosictl.model.failures import GrpcCode
from cosictl.model.refs import Api, Rpc

# A driver that has died or hangs so often in a row is not asked any more.
PATIENCE: Final = 3


class FailedError(Exception):
    """The driver does not do what the case asks for."""


class SkippedError(Exception):
    """The case cannot be tried on this driver."""


class GivenUpError(Exception):
    """The driver does not answer any more; the other cases cannot be tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One answer of a check: the call, the code and words, and the reply in our types (None without one)."""

    method: str
    code: GrpcCode
    message: str
    reply: Any
    answer: Answer

    @property
    def ok(self) -> bool:
        """Whether it is an OK with a readable reply."""
        return self.code is GrpcCode.OK and self.reply is not None

    def __str__(self) -> str:
        if self.answer.expired:
            return f"no answer in {self.answer.seconds:.1f} s"
        if not self.answer.from_driver:
            return f"a broken connection ({self.message})"
        if self.code is GrpcCode.OK and self.reply is None:
            return "OK with an unreadable reply"
        return f"{self.code.value}: {self.message}" if self.message else self.code.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How buckets are made on this driver. ``foreign`` are IDs that somebody else uses; ``masked`` masks credentials.

    ``fill`` puts something into a bucket (its ID and the credentials of an account), None where nobody can.
    ``stopped``: whether the person has interrupted; an interrupt that hits gRPC's own code is lost otherwise.
    """

    api: Api
    timeout: float
    prefix: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    other_parameters: Mapping[str, str] = field(default_factory=dict)
    access_parameters: Mapping[str, str] = field(default_factory=dict)
    protocols: Sequence[str] = ()
    authentication: str = "Key"
    foreign: frozenset[str] = frozenset()
    masked: Callable[[str], str] = str
    fill: Callable[[str, Mapping[str, Mapping[str, str]]], None] | None = None
    stopped: Callable[[], bool] = bool


class Bench:
    """Makes calls, keeps what was said, registers what is made before it is made, and removes it."""

    def __init__(self, channel: Channel, settings: Settings, register: Register) -> None:
        self._channel = channel
        self.settings = settings
        self._register = register
        self._home: Made | None = None
        self._account: tuple[Made, Any] | None = None
        self._silent = 0
        self._cleaning = False
        self.heard: list[Said] = []
        self.secrets: set[str] = set()

    @property
    def api(self) -> Api:
        """The version of the contract that is checked."""
        return self.settings.api

    def name(self, word: str = "") -> str:
        """Return a new name, which nobody else has: valid everywhere, and shorter than 63 characters."""
        return f"{self.settings.prefix}-{word}{'-' if word else ''}{secrets.token_hex(4)}"

    def info(self) -> Said:
        """Ask who it is."""
        return self._say(GET_INFO, InfoRequest())

    def create(self, name: str, parameters: Mapping[str, str] | None = None, *, timeout: float | None = None) -> Said:
        """Create a bucket, on record first."""
        return self._created(*self._creation(name, parameters, timeout))

    def create_together(self, name: str, count: int) -> list[Said]:
        """Create one bucket several times at once."""
        started = [self._creation(name, None, None) for _ in range(count)]
        return [self._created(*one) for one in started]

    def create_and_cancel(self, name: str) -> None:
        """Begin to create a bucket, and give up at once."""
        made, known, running = self._creation(name, None, None)
        running.cancel()
        self._created(made, known, running)

    def get_existing(self, bucket_id: str) -> Said:
        """Look a bucket up."""
        request = BucketRequest(
            key=bucket_id, parameters=self.settings.parameters, protocols=tuple(self.settings.protocols)
        )
        return self._say(Rpc.GET_EXISTING.value, request)

    def delete(self, bucket_id: str) -> Said:
        """Delete a bucket that this check made, or that does not exist; AssertionError for any other."""
        assert self.is_ours(bucket_id), f"{bucket_id} was not made by this check"
        return self._say(Rpc.DELETE.value, BucketRequest(key=bucket_id, parameters=self.settings.parameters))

    def grant(self, name: str, bucket_id: str, *, terms: AccessTerms | None = None) -> Said:
        """Grant access to a bucket, on record first."""
        known = self._register.find(ACCOUNT, name)
        made = known or Made(kind=ACCOUNT, name=name, api=self.api.value, buckets=(bucket_id,))
        self._register.note(made)
        mode = "" if self.api is Api.V1ALPHA1 else "ReadWrite"
        request = GrantRequest(account_name=name, buckets={bucket_id: mode}, terms=terms or self.terms())
        said = self._say(Rpc.GRANT.value, request)
        if said.ok:
            self._register.note(replace(made, made_id=said.reply.account_id))
            self.secrets |= {value for part in said.reply.credentials.values() for value in part.values()}
        elif known is None and said.code is not GrpcCode.OK and said.answer.from_driver:
            self._register.note(replace(made, gone=True))
        return said

    def revoke(self, account_id: str, bucket_id: str) -> Said:
        """Revoke an account."""
        terms = AccessTerms() if self.api is Api.V1ALPHA1 else self.terms()
        request = RevokeRequest(account_id=account_id, buckets=(bucket_id,), terms=terms)
        return self._say(Rpc.REVOKE.value, request)

    def terms(self) -> AccessTerms:
        """Return on which terms access is granted here."""
        if self.api is Api.V1ALPHA1:
            return AccessTerms(authentication=self.settings.authentication, parameters=self.settings.access_parameters)
        return AccessTerms(
            protocol=next(iter(self.settings.protocols), ""),
            authentication=self.settings.authentication,
            parameters=self.settings.access_parameters,
        )

    def bucket(self) -> str:
        """Return the ID of a bucket to try things on; SkippedError where none can be made."""
        if self._home is None:
            name = self.name("home")
            said = self.create(name)
            if not (said.ok and said.reply.bucket_id):
                raise SkippedError(f"no bucket to try it on: the create gave {said}")
            self._home = Made(kind=BUCKET, name=name, api=self.api.value, made_id=said.reply.bucket_id)
        return self._home.made_id

    def account(self) -> tuple[str, Any]:
        """Return a granted account's name and the reply; SkippedError where none can be had."""
        if self._account is None:
            name = self.name("account")
            said = self.grant(name, self.bucket())
            if not (said.ok and said.reply.account_id):
                raise SkippedError(f"no account to try it on: the grant gave {said}")
            made = Made(kind=ACCOUNT, name=name, api=self.api.value, made_id=said.reply.account_id)
            self._account = (made, said.reply)
        return self._account[0].name, self._account[1]

    def is_ours(self, bucket_id: str) -> bool:
        """Whether a bucket may be deleted: it bears our random name, or two of our names gave two different IDs.

        A driver that gives every bucket the same ID may mean somebody's.
        """
        if bucket_id in self.settings.foreign:
            return False
        if self.settings.prefix in bucket_id:
            return True
        given = [made.made_id for made in self._made_buckets() if made.made_id]
        return given.count(bucket_id) == 1 and len(set(given)) > 1

    def clean(self) -> tuple[str, ...]:
        """Remove everything on record, the last made first. Returns what is left, in words."""
        self._silent = 0
        self._cleaning = True
        return tuple(words for made in self._register.left() if (words := self._remove(made)))

    def forget(self) -> None:
        """Drop the register, once nothing is left."""
        self._register.forget()

    def _made_buckets(self) -> Iterable[Made]:
        return (made for made in self._register.left() if made.kind == BUCKET)

    def _remove(self, made: Made) -> str:
        """Remove one thing; "" where that worked, or what is left and why."""
        try:
            said = self._removal(made)
        except GivenUpError:
            return f"{made.kind} {made.made_id or made.name}: the driver does not answer"
        if said is not None and not said.ok:
            return f"{made.kind} {made.made_id or made.name}: {said}"
        if said is None:
            return f"{made.kind} {made.made_id or made.name}: it may be somebody else's, so it was not touched"
        self._register.note(replace(made, gone=True))
        return ""

    def _removal(self, made: Made) -> Said | None:
        if made.kind == ACCOUNT:
            bucket_id = next(iter(made.buckets), "")
            if made.made_id:
                return self.revoke(made.made_id, bucket_id)
            again = self.grant(made.name, bucket_id)
            return self.revoke(again.reply.account_id, bucket_id) if again.ok else again
        made_id = made.made_id
        if not made_id:
            # It was never told: the same request again says it, or that there is nothing.
            again = self.create(made.name, made.parameters)
            if not again.ok:
                return again
            made_id = again.reply.bucket_id
        return self.delete(made_id) if self.is_ours(made_id) else None

    def _creation(
        self, name: str, parameters: Mapping[str, str] | None, timeout: float | None
    ) -> tuple[Made, bool, Running]:
        given = self.settings.parameters if parameters is None else parameters
        known = self._register.find(BUCKET, name)
        made = known or Made(kind=BUCKET, name=name, api=self.api.value, parameters=dict(given))
        self._register.note(made)
        request = BucketRequest(key=name, parameters=given, protocols=tuple(self.settings.protocols))
        return made, known is not None, self._begin(Rpc.CREATE.value, request, timeout)

    def _created(self, made: Made, known: bool, running: Running) -> Said:  # noqa: FBT001 - from ``_creation``
        said = self._end(Rpc.CREATE.value, running)
        if said.ok and said.reply.bucket_id:
            self._register.note(replace(made, made_id=said.reply.bucket_id))
        elif said.answer.from_driver and said.code is not GrpcCode.OK and not known:
            self._register.note(replace(made, gone=True))
        return said

    def _say(self, method: str, request: object) -> Said:
        return self._end(method, self._begin(method, request, None))

    def _begin(self, method: str, request: object, timeout: float | None) -> Running:
        if self.settings.stopped() and not self._cleaning:
            raise KeyboardInterrupt
        call = planned(self.api, method, request)
        return self._channel.start(call.path, call.content, timeout=timeout or self.settings.timeout)

    def _end(self, method: str, running: Running) -> Said:
        answer = running.wait()
        reply = None
        if answer.ok:
            row = WIRES[self.api].methods[method]
            with suppress(DecodeError):
                message = row.reply.FromString(answer.reply)
                reply = row.read(message) if method not in {Rpc.DELETE.value, Rpc.REVOKE.value} else True
        said = Said(method=method, code=answer.code, message=answer.message, reply=reply, answer=answer)
        self.heard.append(said)
        cancelled = answer.code is GrpcCode.CANCELED
        self._silent = 0 if answer.from_driver or cancelled else self._silent + 1
        if self._silent >= PATIENCE:
            raise GivenUpError(str(said))
        return said
