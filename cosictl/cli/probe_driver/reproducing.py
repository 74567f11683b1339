"""How ``probe-driver reproduce`` works: the request built and shown, the guards asked, the answer judged."""

# ruff: noqa: PLC0415 - libraries load when a command needs them, so that --help stays light

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cosictl.cli.consent import agree
from cosictl.cli.options import Shared
from cosictl.cli.output import Format, output, print_document
from cosictl.cli.probe_driver.answers import NUMBERS, error_of, heard
from cosictl.cli.probe_driver.calling import answer_document
from cosictl.cli.probe_driver.dialling import Line, opened
from cosictl.cli.probe_driver.options import Dial
from cosictl.cli.said import plain, program, say_unread
from cosictl.cli.types import Target
from cosictl.errors import CosictlError, DriverAnswerError, EndpointError, NothingToSendError, RefusedError, UsageError
from cosictl.flows.asked import Named
from cosictl.flows.reproduce import Judgement, Subject, judge, subject_of
from cosictl.intake.scrub import scrub
from cosictl.knowledge.risks import CALL_RISKS, CallRisk, Risk
from cosictl.model.masking import MASK
from cosictl.model.objects import Bucket
from cosictl.model.refs import Api
from cosictl.remedy.digest import digest_of, fingerprint, pinned

if TYPE_CHECKING:
    from cosictl.driver.channel import Answer
    from cosictl.driver.reproduce import Repeated
    from cosictl.intake.builder import SnapshotBuilder
    from cosictl.model.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What was asked for. ``exact``: show credentials."""

    target: Target
    dumps: Sequence[str] | None
    dry_run: bool
    yes: bool
    confirm: str | None
    exact: bool
    chosen: Format


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One request to be sent: what it is about, how it is shown, and what it needs."""

    subject: Subject
    repeated: "Repeated"
    shown: Any
    risk: CallRisk
    digest: str

    @property
    def document(self) -> dict[str, Any]:
        """The request and what is recorded, for programs."""
        recorded, failure = self.subject.recorded, self.subject.failure
        return {
            "object": str(self.subject.item.ref),
            "asked": str(self.subject.asked),
            "driver": self.subject.driver,
            "method": self.repeated.rpc.value,
            "apiVersion": self.repeated.call.api.value,
            "key": self.repeated.key,
            "request": self.shown,
            "notes": list(self.repeated.notes),
            "does": self.risk.does,
            "digest": self.digest,
            "recorded": None
            if recorded is None or failure is None
            else {
                "code": recorded.grpc_code.value if recorded.grpc_code is not None else None,
                "cause": recorded.cause.value,
                "message": failure.text,
            },
            "sent": False,
        }


def run_reproduction(shared: Shared, dial: Dial, wanted: Wanted) -> None:
    """Do it; raises CosictlError, DriverAnswerError for a driver that did not answer OK."""
    builder, snapshot, namespace, source = _observe(shared, wanted)
    subject = subject_of(snapshot, Named(kind=wanted.target.resource.kind, name=wanted.target.name), namespace)
    trial = _trial(builder, subject, wanted, f"{source} {dial.endpoint or dial.pod or dial.driver or ''}".strip())
    if wanted.chosen is Format.TEXT:
        _show(shared, trial)
    try:
        if wanted.dry_run:
            _print(trial.document, wanted.chosen)
            return
        _check(trial, wanted)
        with opened(shared, dial) as line:
            _meet(trial, line)
            answer = line.channel.call(trial.repeated.call.path, trial.repeated.call.content, timeout=line.timeout)
    except CosictlError:
        _print(trial.document, wanted.chosen)
        raise
    _conclude(shared, trial, answer, line, wanted)


def _print(document: dict[str, Any], chosen: Format) -> None:
    if chosen is not Format.TEXT:
        print_document(document, chosen)


def _observe(shared: Shared, wanted: Wanted) -> tuple["SnapshotBuilder", "Snapshot", str, str]:
    """Read the object and what it is made of: from files, or by one GET each."""
    target = wanted.target
    if target.resource.kind is None:
        raise UsageError("a driver is no object", next_step=f"{program()} probe-driver info asks it who it is")
    namespace = "" if shared.all_namespaces else shared.namespace or ""
    if wanted.dumps:
        from cosictl.cli.streams import standard_input
        from cosictl.intake.files import load_dump

        stdin = standard_input() if "-" in wanted.dumps else None
        builder, snapshot = load_dump(wanted.dumps, stdin=stdin, clock=datetime.now(UTC), keep_exact=True)
        return builder, snapshot, namespace if target.resource.namespaced else "", snapshot.source
    from cosictl.cli.live import connect_options
    from cosictl.cluster.connect import connect
    from cosictl.cluster.follow import read_object

    conn = connect(connect_options(shared))
    place = shared.namespace or conn.namespace
    builder, snapshot = read_object(conn, target.resource.kind, place, target.name)
    say_unread(snapshot)
    return builder, snapshot, place if target.resource.namespaced else "", conn.source


def _trial(builder: "SnapshotBuilder", subject: Subject, wanted: Wanted, where: str) -> Trial:
    from cosictl.driver.reproduce import Idle, Surroundings, repeat

    item = builder.exact(subject.item)
    access_class = builder.exact(subject.access_class) if subject.access_class is not None else None
    around = Surroundings(claims=subject.claims, buckets=subject.buckets, access_class=access_class)
    repeated = repeat(item, around)
    if isinstance(repeated, Idle):
        raise NothingToSendError(f"for {subject.item.ref} the sidecar calls nothing now: {repeated.why}")
    request = repeated.call.document
    text = subject.failure.text if subject.failure is not None else ""
    design = {
        "cluster": where,
        "method": repeated.call.path,
        "request": request,
        **pinned(subject.item),
        "failure": fingerprint(subject.recorded, text),
    }
    return Trial(
        subject=subject,
        repeated=repeated,
        shown=request if wanted.exact else scrub(request),
        risk=CALL_RISKS[repeated.rpc.value],
        digest=digest_of(design),
    )


def _show(shared: Shared, trial: Trial) -> None:
    from cosictl.render.probe_text import print_request

    subject, repeated = trial.subject, trial.repeated
    about = str(subject.item.ref) if subject.item.ref == subject.asked else f"{subject.item.ref} ← {subject.asked}"
    facts = [("note", note) for note in repeated.notes]
    failure, recorded = subject.failure, subject.recorded
    if failure is not None and recorded is not None:
        facts.append(("recorded", f"“{failure.text}”"))
    else:
        facts.append(("recorded", "nothing"))
    facts.append(("what it can do", trial.risk.does))
    if trial.risk.risk is Risk.DESTROYS:
        facts.append(("digest", trial.digest))
    head = f"{repeated.rpc.value} ({repeated.call.api.value}) for {about}"
    print_request(head, trial.shown, facts, output(shared))


def _check(trial: Trial, wanted: Wanted) -> None:
    """Ask the guards; raises RefusedError."""
    item = trial.subject.item
    if trial.risk.risk is Risk.DESTROYS and item.meta.deleted is None:
        raise RefusedError(f"not sent: {item.ref} is not being deleted", next_step="delete the object first")
    if MASK in _texts(trial.repeated.call.document):
        raise RefusedError(
            "not sent: a value in the request was masked when the dump was made, so it is not what the sidecar sends",
            next_step=f"read the cluster itself, or send your own: {program()} probe-driver call",
        )
    agree(trial.risk, yes=wanted.yes, digest=trial.digest, confirm=wanted.confirm)


def _texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for part in value.values() for text in _texts(part)]
    if isinstance(value, list):
        return [text for part in value for text in _texts(part)]
    return [str(value)]


def _meet(trial: Trial, line: Line) -> None:
    """Make sure that this is the object's driver: another one would act on another backend."""
    from cosictl.driver.identify import who_is

    api, wanted = trial.repeated.call.api, trial.subject.driver
    who = who_is(line.channel, (api,), timeout=line.timeout)
    if who.infos:
        same = who.name == wanted if api is Api.V1ALPHA2 else who.name.casefold() == wanted.casefold()
        if not same:
            raise RefusedError(
                f"not sent: the driver at {line.where} is {plain(who.name)}, the object's is {plain(wanted)}",
                next_step="name the right one with --endpoint, --pod or --driver",
            )
        _offers(trial, who.protocols)
    elif trial.risk.risk is Risk.DESTROYS:
        raise RefusedError(
            f"not sent: the driver at {line.where} does not say who it is ({who.answers[api].code.value})",
            next_step=f"see {program()} probe-driver info",
        )


def _offers(trial: Trial, protocols: Sequence[str]) -> None:
    """Make sure that the sidecar gets as far as the call: it looks at the driver's protocols first (v1alpha2)."""
    item = trial.subject.item
    if isinstance(item, Bucket) and item.api is Api.V1ALPHA2 and item.meta.deleted is None:
        missing = [plain(name) for name in item.protocols if name not in protocols]
        if missing:
            raise NothingToSendError(
                f"for {item.ref} the sidecar calls nothing: the driver does not offer {', '.join(missing)} (COSI116)",
                next_step=f"{program()} explain COSI116",
            )


def _conclude(shared: Shared, trial: Trial, answer: "Answer", line: Line, wanted: Wanted) -> None:
    """Judge the answer, print the verdict, and end with the exit code it has."""
    from cosictl.driver.methods import reply_document, without_secrets
    from cosictl.driver.replies import lacking

    call = trial.repeated.call
    lacks = lacking(call, answer.reply) if answer.ok else ()
    reply = reply_document(call, answer.reply) if answer.ok else None
    if reply is not None and not wanted.exact:
        reply = without_secrets(reply)
    verdict = judge(trial.subject, trial.repeated.rpc, heard(answer, lacks))
    if wanted.chosen is Format.TEXT:
        from cosictl.render.probe_text import print_outcome

        good = answer.ok and not lacks
        print_outcome(_outcome(trial, answer, lacks, reply, verdict), output(shared), good=good)
    else:
        judged = {
            "sent": True,
            "comparison": verdict.comparison.value,
            "finding": verdict.finding or None,
            "lacks": list(lacks),
            "sidecarThen": verdict.effect.value,
        }
        print_document(trial.document | answer_document(answer, reply) | judged, wanted.chosen)
    error = error_of(answer, line.where, meaning=verdict.meaning)
    if error is not None and answer.from_driver and wanted.chosen is Format.TEXT:
        # All of it stands above.
        error = DriverAnswerError(f"the driver answered {answer.code.value}", NUMBERS[answer.code])
    if error is None and lacks:
        error = EndpointError(
            f"the driver answered OK without {', '.join(lacks)}", meaning="its sidecar cannot use that, and asks again"
        )
    if error is not None:
        raise error


def _outcome(
    trial: Trial, answer: "Answer", lacks: Sequence[str], reply: object, verdict: Judgement
) -> list[tuple[str, str]]:
    import json

    from cosictl.render.probe_text import COMPARISONS, finding_words, meaning_facts, remedy_words

    facts = [("verdict", COMPARISONS[verdict.comparison.value])]
    said = f"{answer.code.value}: {plain(answer.message)}" if answer.message else answer.code.value
    facts.append(("driver said", f"{said}   ({answer.seconds * 1000:.0f} ms)"))
    if reply:
        facts.append(("reply", json.dumps(reply, ensure_ascii=False)))
    if lacks:
        facts.append(("lacks", f"{', '.join(lacks)}: the sidecar cannot use this OK, and calls again"))
    if verdict.meaning is not None and answer.from_driver:
        facts += meaning_facts(verdict.meaning)
    if not answer.ok and answer.from_driver:
        facts.append(("sidecar then", f"{verdict.effect.value} ({trial.subject.policy.name})"))
    if verdict.finding:
        facts.append(("proves", finding_words(verdict.finding)))
        facts.append(("what helps", remedy_words(verdict.finding)))
    return facts
