"""How ``probe-driver call`` works: the request read, the guards asked, the answer printed."""

# ruff: noqa: PLC0415 - libraries load when a command needs them, so that --help stays light

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cosictl.cli.consent import agree
from cosictl.cli.options import Shared
from cosictl.cli.output import Format, output, print_document
from cosictl.cli.probe_driver.answers import NUMBERS, error_of, heard
from cosictl.cli.probe_driver.dialling import Line
from cosictl.cli.said import program, say
from cosictl.errors import DriverAnswerError, RefusedError, UsageError
from cosictl.flows.owners import owners_of
from cosictl.flows.reproduce import meaning_of
from cosictl.intake.scrub import scrub
from cosictl.knowledge.risks import CALL_RISKS, Risk
from cosictl.model.copying import replace
from cosictl.model.failures import GrpcCode
from cosictl.model.refs import Api, Rpc
from cosictl.remedy.digest import digest_of, pinned

if TYPE_CHECKING:
    from cosictl.driver.channel import Answer
    from cosictl.driver.methods import Call

STDIN: Final = "-"
OWNED: Final = frozenset({"buckets", "bucketclaims", "bucketaccesses"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RawCall:
    """What was asked for."""

    method: str
    data: str | None
    api: str
    dumps: Sequence[str] | None
    no_cluster: bool
    request: str = ""

    @property
    def version(self) -> Api | None:
        """The version asked for; raises UsageError."""
        if not self.api:
            return None
        try:
            return Api(self.api)
        except ValueError:
            raise UsageError(f"--api {self.api}: no such version", next_step=f"try {' or '.join(Api)}") from None

    def template(self) -> Mapping[str, Any]:
        """Return an empty request, of the newest version unless one was asked for."""
        from cosictl.driver.methods import resolve, template

        return template(resolve(self.method, self.version)[-1][1])

    def read(self) -> "RawCall":
        """Read the request, once; raises UsageError where it is one in no version of the method."""
        from cosictl.driver.methods import parsed, resolve

        text = self._text()
        errors: list[UsageError] = []
        for wire, method in resolve(self.method, self.version):
            try:
                parsed(wire, method, text)
            except UsageError as error:
                errors.append(error)
            else:
                return replace(self, request=text)
        raise errors[-1]

    def _text(self) -> str:
        """Return the JSON of the request; raises UsageError for a file that cannot be read."""
        if self.data is None:
            return "{}"
        if self.data == STDIN:
            from cosictl.cli.streams import standard_input

            return standard_input().read().decode("utf-8", "replace")
        if not self.data.startswith("@"):
            return self.data
        try:
            return Path(self.data[1:]).read_text("utf-8")
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise UsageError(f"{self.data[1:]}: cannot be read: {reason}", next_step="check the path") from None


def make_call(
    shared: Shared,
    raw: RawCall,
    line: Line,
    chosen: Format,
    *,
    dry_run: bool,
    yes: bool,
    confirm: str | None,
    show_secrets: bool,
) -> None:
    """Send a request where that is agreed to, and print what comes back; raises CosictlError."""
    from cosictl.driver.methods import parsed, reply_document, without_secrets
    from cosictl.driver.replies import UNREADABLE

    wire, method = _spoken(raw, line)
    call = parsed(wire, method, raw.request)
    risk = CALL_RISKS[call.method.name]
    request = call.document
    shown = request if show_secrets else scrub(request)
    design: dict[str, Any] = {"endpoint": line.where, "method": call.path, "request": request}
    if risk.risk is Risk.DESTROYS:
        design |= {"objects": _owners(shared, raw, call)}
    digest = digest_of(design)
    if dry_run or risk.risk is not Risk.FREE:
        _announce(shared, call, shown, line, risk.does)
    if dry_run:
        if chosen is not Format.TEXT:
            print_document(_document(call, shown, digest), chosen)
        return
    agree(risk, yes=yes, digest=digest, confirm=confirm)
    answer = line.channel.call(call.path, call.content, timeout=line.timeout)
    reply = reply_document(call, answer.reply) if answer.ok else None
    if reply is not None and not show_secrets:
        reply = without_secrets(reply)
    if chosen is not Format.TEXT:
        print_document(_document(call, shown, digest) | answer_document(answer, reply), chosen)
    elif reply is not None:
        print_document(reply, Format.JSON)
    if answer.ok and reply is None:
        raise DriverAnswerError(f"the driver answered OK without {UNREADABLE}", NUMBERS[GrpcCode.INTERNAL])
    rpc = Rpc(call.method.name) if call.method.name in set(Rpc) else None
    error = error_of(answer, line.where, meaning=meaning_of(heard(answer), rpc=rpc, api=call.api))
    if error is not None:
        raise error


def _spoken(raw: RawCall, line: Line) -> Any:
    """Choose the version: the one asked for, the only one that has the method, else one that the driver speaks."""
    from cosictl.driver.identify import who_is
    from cosictl.driver.methods import resolve

    found = resolve(raw.method, raw.version)
    if len(found) == 1:
        return found[0]
    who = who_is(line.channel, [wire.api for wire, _ in found], timeout=line.timeout)
    spoken = [pair for pair in found if pair[0].api in who.infos]
    return (spoken or list(found))[-1]


def _owners(shared: Shared, raw: RawCall, call: "Call") -> list[dict[str, Any]]:
    """Return what the objects that use a bucket or account are pinned by; raises RefusedError while one is wanted."""
    if raw.no_cluster:
        return []
    from cosictl.cli.wiring import open_source
    from cosictl.errors import CosictlError

    try:
        snapshot = open_source(shared, raw.dumps, everywhere=True, only=OWNED).read()
    except CosictlError as error:
        raise RefusedError(
            f"not sent: it is not known whose this is: {error.what}",
            meaning="what a wanted object uses must not be destroyed",
            next_step="name a cluster or -f DUMP, or take it on yourself with --no-cluster",
        ) from None
    keys = frozenset(_keys(call.document))
    owners = owners_of(snapshot, keys)
    wanted = [item for item in owners if item.meta.deleted is None]
    if wanted:
        raise RefusedError(
            f"not sent: {', '.join(str(item.ref) for item in wanted[:3])} uses it, and is not being deleted",
            next_step="delete the object, and let its sidecar do this",
        )
    return [pinned(item) for item in owners]


def _keys(request: Mapping[str, Any]) -> list[str]:
    """Return the bucket and account IDs that a request names."""
    found = [str(request.get(name, "")) for name in ("bucket_id", "account_id")]
    found += [str(entry.get("bucket_id", "")) for entry in request.get("buckets", ())]
    return [key for key in found if key]


def _announce(shared: Shared, call: "Call", shown: object, line: Line, does: str) -> None:
    """Say on stderr what would be sent, and what it can do."""
    import json

    from cosictl.render.safe import escape

    out = output(shared, to_stderr=True)
    out.line(f"{call.method.name} ({call.api.value}) at {escape(line.where)}", style="bold")
    for text in json.dumps(shown, indent=2, ensure_ascii=False).splitlines():
        out.line(escape(text))
    say(f"{program()}: {does}")


def _document(call: "Call", shown: object, digest: str) -> dict[str, Any]:
    return {"method": call.method.name, "apiVersion": call.api.value, "request": shown, "digest": digest}


def answer_document(answer: "Answer", reply: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return an answer for programs; ``seconds`` is how long it took."""
    return {
        "answer": {
            "code": answer.code.value,
            "message": scrub(answer.message),
            "fromDriver": answer.from_driver,
            "timedOut": answer.expired,
            "seconds": round(answer.seconds, 6),
            "reply": reply,
        }
    }
