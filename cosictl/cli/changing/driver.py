"""A driver asked to delete or revoke, as a step of a plan: through the probe's client, and only the right driver."""

# ruff: noqa: PLC0415 - libraries load when a command needs them, so that --help stays light

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from cosictl.cli.changing.options import Ask
from cosictl.cli.options import Shared
from cosictl.errors import RefusedError
from cosictl.intake.redact import redact
from cosictl.model.failures import GrpcCode
from cosictl.model.objects import Access
from cosictl.model.plan import Action, Step, Target
from cosictl.model.refs import Api, Rpc
from cosictl.remedy.ports import DriverSaid
from cosictl.remedy.world import World
from cosictl.remedy.writes import api_version_of

if TYPE_CHECKING:
    from cosictl.driver.methods import Call

Read = Callable[[Target], Mapping[str, Any] | None]


def tell(shared: Shared, ask: Ask, step: Step, world: World, read: Read) -> DriverSaid:
    """Make the call of a step. Raises RefusedError for another driver than the object's, and EndpointError."""
    from cosictl.cli.probe_driver.dialling import opened
    from cosictl.cli.probe_driver.options import Dial
    from cosictl.driver.identify import who_is

    with opened(shared, Dial(endpoint=ask.endpoint, pod=ask.pod)) as line:
        who = who_is(line.channel, timeout=line.timeout)
        driver = world.driver(step.solves)
        if not who.infos:
            raise RefusedError(f"{line.where} does not say which driver it is")
        if not driver:
            raise RefusedError(
                f"which driver {step.solves} belongs to is not known: its class is gone",
                next_step="make a class of that name again that names the driver",
            )
        if who.name.casefold() != driver.casefold():
            raise RefusedError(f"the driver at {line.where} is {who.name}, and the object's is {driver}")
        item = world.item(step.solves)
        api = item.api if item is not None else next(iter(who.infos))
        call = _call(step, world, api, read)
        answer = line.channel.call(call.path, call.content, timeout=line.timeout)
    gone = answer.code is GrpcCode.OK or (answer.code is GrpcCode.NOT_FOUND and answer.from_driver)
    words = f"the driver answered {answer.code.value}"
    return DriverSaid(gone=gone, words=f"{words}: {redact(answer.message)}" if answer.message else words)


def _call(step: Step, world: World, api: Api, read: Read) -> "Call":
    from cosictl.driver.methods import planned
    from cosictl.driver.requests import BucketRequest
    from cosictl.driver.types import AccessTerms, RevokeRequest

    if step.action is Action.DELETE_AT_DRIVER:
        return planned(
            api, Rpc.DELETE.value, BucketRequest(key=step.values["bucket"], parameters=_parameters(step, world, read))
        )
    item = world.item(step.solves)
    terms = AccessTerms()
    if isinstance(item, Access) and api is Api.V1ALPHA2:
        terms = AccessTerms(
            protocol=item.protocol,
            authentication=item.auth_type,
            service_account=item.service_account,
            parameters=_status_parameters(step, read),
        )
    buckets = tuple(part for part in step.values["bucket"].split(",") if part)
    return planned(
        api, Rpc.REVOKE.value, RevokeRequest(account_id=step.values["account"], buckets=buckets, terms=terms)
    )


def _parameters(step: Step, world: World, read: Read) -> dict[str, str]:
    """Return a Bucket's parameters as they are: what was observed is masked."""
    item = world.item(step.solves)
    if item is None or step.solves.kind != "Bucket":
        return {}
    tree = read(Target(ref=step.solves, api_version=api_version_of(item.api)))
    return _texts((tree or {}).get("spec"))


def _status_parameters(step: Step, read: Read) -> dict[str, str]:
    return _texts((read(step.target) or {}).get("status"))


def _texts(part: object) -> dict[str, str]:
    found = part.get("parameters") if isinstance(part, Mapping) else None
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, Mapping) else {}
