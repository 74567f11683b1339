"""The plan as a document: what ``-o yaml`` prints and ``apply`` reads again, and the digest of its design. Pure.

The digest is over what is agreed to: cluster, steps, and what they were planned on. It does not hold the time of
planning, so that planning again gives the same one while nothing moved. The seal is over all of the document.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from cosictl.errors import PlanError
from cosictl.model.plan import Action, ClusterId, Declined, Pin, Plan, Step, Target
from cosictl.model.refs import Ref
from cosictl.remedy.digest import digest_of

API_VERSION: Final = "cosictl.dev/v1"
KIND: Final = "Plan"
_AGAIN: Final = "make a new plan"


def digest_of_plan(plan: Plan) -> str:
    """Return the digest of a plan's design."""
    return digest_of(
        {
            "apiVersion": API_VERSION,
            "verb": plan.verb,
            "cluster": plan.cluster.uid,
            "steps": [step_document(step) for step in plan.steps],
            "asks": list(plan.asks),
            "evenIfRetrying": _refs(plan),
            "ofRun": plan.of_run,
        }
    )


def plan_document(plan: Plan, *, digest: str = "") -> dict[str, Any]:
    """Return a plan as plain values; ``digest`` is that of the plan as it is, where this one is for showing only."""
    document: dict[str, Any] = {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "verb": plan.verb,
        "digest": digest or digest_of_plan(plan),
        "cluster": {"uid": plan.cluster.uid, "anchor": plan.cluster.anchor, "source": plan.source},
        "createdAt": _time(plan.created),
        "expiresAt": _time(plan.expires),
        "steps": [step_document(step) for step in plan.steps],
        "declined": [{"object": _object(item.ref), "reason": item.reason, "help": item.help} for item in plan.declined],
        "warnings": list(plan.warnings),
        "asks": list(plan.asks),
        "evenIfRetrying": _refs(plan),
        "ofRun": plan.of_run,
    }
    return {**document, "seal": digest_of(document)}


def step_document(step: Step) -> dict[str, Any]:
    """Return a step as plain values."""
    return {
        "action": step.action.value,
        "object": {"apiVersion": step.target.api_version, **_object(step.target.ref)},
        "precondition": _pin(step.pin),
        "solves": _object(step.solves),
        "does": step.does,
        "why": step.why,
        "values": dict(step.values),
        "finding": step.finding,
        "proof": list(step.proof),
        "leavesBehind": step.leaves_behind,
        "remains": step.remains,
        "inverse": {"action": step.inverse or None, "note": step.inverse_note},
        "needs": list(step.needs),
    }


def read_plan(tree: object, *, now: datetime | None = None) -> Plan:
    """Return the plan that a document holds.

    Raises PlanError for what is no plan, was made by another version, was changed since it was made, or (where
    ``now`` is given) has expired.
    """
    if not isinstance(tree, Mapping) or tree.get("kind") != KIND:
        raise PlanError("this is no plan", next_step="a plan is made by a changing verb with -o yaml or -o json")
    if tree.get("apiVersion") != API_VERSION:
        raise PlanError(
            f"the plan is of version {tree.get('apiVersion')}, and this program reads {API_VERSION}", next_step=_AGAIN
        )
    body = {key: value for key, value in tree.items() if key != "seal"}
    if tree.get("seal") != digest_of(body):
        raise PlanError(
            "the plan is not the one that was made",
            meaning="it was edited, or cut off on its way",
            next_step=f"{_AGAIN}; what it should do is chosen with the verb's options",
        )
    plan = _plan(tree)
    if tree.get("digest") != digest_of_plan(plan):
        raise PlanError("the plan's digest is not that of its steps", next_step=_AGAIN)
    if now is not None and now > plan.expires:
        raise PlanError(f"the plan expired at {_time(plan.expires)}", next_step=_AGAIN)
    return plan


def _plan(tree: Mapping[str, Any]) -> Plan:
    """Read a sealed document; whatever breaks was not written by this program."""
    try:
        return Plan(
            verb=str(tree["verb"]),
            cluster=ClusterId(uid=str(tree["cluster"]["uid"]), anchor=str(tree["cluster"]["anchor"])),
            source=str(tree["cluster"]["source"]),
            created=_moment(tree["createdAt"]),
            expires=_moment(tree["expiresAt"]),
            steps=tuple(read_step(item) for item in tree["steps"]),
            declined=tuple(
                Declined(ref=_ref(item["object"]), reason=str(item["reason"]), help=str(item["help"]))
                for item in tree["declined"]
            ),
            warnings=tuple(map(str, tree["warnings"])),
            asks=tuple(map(str, tree["asks"])),
            even_if_retrying=frozenset(_ref(item) for item in tree["evenIfRetrying"]),
            of_run=str(tree["ofRun"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise PlanError(f"the plan cannot be read: {type(error).__name__} {error}", next_step=_AGAIN) from error


def read_step(tree: Mapping[str, Any]) -> Step:
    """Return the step that a document holds; raises KeyError, TypeError or ValueError where it holds none."""
    pin = tree["precondition"]
    return Step(
        action=Action(tree["action"]),
        target=Target(ref=_ref(tree["object"]), api_version=str(tree["object"]["apiVersion"])),
        pin=None
        if pin is None
        else Pin(
            uid=str(pin["uid"]),
            generation=int(pin["generation"]),
            deleted=_moment(pin["deletionTimestamp"]) if pin["deletionTimestamp"] is not None else None,
            finalizers=tuple(map(str, pin["finalizers"])),
            failure=None if pin["failure"] is None else dict(pin["failure"]),
        ),
        solves=_ref(tree["solves"]),
        does=str(tree["does"]),
        why=str(tree["why"]),
        values={str(key): str(value) for key, value in tree["values"].items()},
        finding=str(tree["finding"]),
        proof=_words(tree["proof"]),
        leaves_behind=str(tree["leavesBehind"]),
        remains=str(tree["remains"]),
        inverse=str(tree["inverse"]["action"] or ""),
        inverse_note=str(tree["inverse"]["note"]),
        needs=_words(tree["needs"]),
    )


def _words(values: Sequence[Any]) -> tuple[str, ...]:
    return tuple(map(str, values))


def _object(ref: Ref) -> dict[str, str]:
    return {"kind": str(ref.kind), "namespace": ref.namespace, "name": ref.name}


def _ref(tree: Mapping[str, Any]) -> Ref:
    return Ref(str(tree["kind"]), str(tree["namespace"]), str(tree["name"]))


def _refs(plan: Plan) -> list[dict[str, str]]:
    return [_object(ref) for ref in sorted(plan.even_if_retrying)]


def _pin(pin: Pin | None) -> dict[str, Any] | None:
    if pin is None:
        return None
    return {
        "uid": pin.uid,
        "generation": pin.generation,
        "deletionTimestamp": _time(pin.deleted) if pin.deleted is not None else None,
        "finalizers": list(pin.finalizers),
        "failure": dict(pin.failure) if pin.failure is not None else None,
    }


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _moment(text: object) -> datetime:
    # YAML readers turn an unquoted time into a date of their own.
    if isinstance(text, datetime):
        return text.replace(tzinfo=UTC) if text.tzinfo is None else text.astimezone(UTC)
    moment = datetime.fromisoformat(str(text))
    if moment.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return moment
