"""Every finding that has a remedy: a live copy of it, the steps that end it, what changes, and the way back."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cosictl.knowledge.policies import POLICIES
from cosictl.model.copying import replace
from cosictl.model.plan import Action
from cosictl.model.refs import Api
from cosictl.remedy.planners.common import Known
from cosictl.sandbox.objects import TEAM, access, access_class, bucket_class, claim
from cosictl.sandbox.plan import USUAL_POLICY, Plan, plan_scenario
from cosictl.sandbox.ports import Json
from tests.changing import Hands
from tests.test_remedy_dumps import NAME, copy
from tests.test_remedy_live import chain_gone, secret_going, secret_gone
from tests.test_remedy_more import unrevocable

ALPHA1: Final = frozenset({"deleted BucketClaim", "deleted Bucket"})
CLAIM: Final = frozenset({"deleted BucketClaim"})
BUCKET: Final = frozenset({"deleted Bucket"})
ACCESS: Final = frozenset({"deleted BucketAccess"})
STATUS: Final = frozenset({"changed BucketClaim"})


ASKED: Final = Known(driver=True)


def nothing(_: Hands) -> None:
    """The copy is enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A finding, a sandbox with it, and what its remedy does: steps, what is another afterwards, and the way back.

    ``refused`` is why there is no step, where that is the right answer; ``again`` the finding after the way back, where
    the objects alone bring it back (a copied driver answers by names, and what is made again has a new one).
    """

    code: str
    plan: Callable[[], Plan]
    actions: tuple[Action, ...] = ()
    changes: frozenset[str] = frozenset()
    back: tuple[Action, ...] = ()
    refused: str = ""
    known: Known = ASKED
    named: bool = False
    again: str = ""
    prepare: Callable[[Hands], None] = nothing

    @property
    def id(self) -> str:
        return f"{self.code}-{'refused' if self.refused else self.actions[0].value}"


def recorded(case: str, policy: str = "") -> Callable[[], Plan]:
    return lambda: copy(case, policy)


def told(*objects: Json, policy: str = "", api: Api = Api.V1ALPHA1) -> Callable[[], Plan]:
    """A cluster whose driver does as its classes tell it."""

    def plan() -> Plan:
        made = plan_scenario("healthy" if api is Api.V1ALPHA1 else "mixed-api")
        served = replace(made.served[0], policy=POLICIES[policy or USUAL_POLICY[api]], speaks=api)
        return replace(made, objects=objects, served=(served,))

    return plan


def photos(policy: str = "", /, **parameters: str) -> Callable[[], Plan]:
    """One claim, of a class with these parameters."""
    return told(bucket_class("told", parameters=parameters), claim("photos", "told"), policy=policy)


def reader(**parameters: str) -> Callable[[], Plan]:
    """An access to a claim that is ready, of a class with these parameters."""
    return told(
        bucket_class("standard", parameters={"delay": "8"}),
        claim("photos", "standard"),
        access_class("told", parameters=parameters),
        access("reader", "photos", "told"),
    )


V2: Final = Api.V1ALPHA2
MAIN: Final = "on this release the deletion of an access wakes nobody"


def photos2(*, protocol: str = "S3", **parameters: str) -> Callable[[], Plan]:
    """One v1alpha2 claim, of a class with these parameters."""
    made = claim("photos", "told", api=V2)
    made["spec"]["protocols"] = [protocol]
    return told(bucket_class("told", api=V2, parameters=parameters), made, api=V2)


def reader2(*others: Json, protocol: str = "S3", **parameters: str) -> Callable[[], Plan]:
    """A v1alpha2 access to a claim that is ready."""
    made = access("reader", "photos", "told", api=V2)
    made["spec"]["protocol"] = protocol
    return told(
        *others,
        bucket_class("standard", api=V2),
        claim("photos", "standard", api=V2),
        access_class("told", api=V2, parameters=parameters),
        made,
        api=V2,
    )


def foreign_secret() -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "metadata": {"name": "reader-credentials", "namespace": TEAM},
    }


def unrevocable_gone(hands: Hands) -> None:
    hands.delete("access/photos-reader")


D, R, F = Action.DELETE_OBJECT, Action.RECREATE_OBJECT, Action.REMOVE_FINALIZER
AT_DRIVER: Final = Action.DELETE_AT_DRIVER
WITH_ID: Final = Known(driver=True, bucket_id=NAME)
# The ID is the Bucket's name, which only a live copy tells.
BY_NAME: Final = Known(driver=True, bucket_id="the Bucket's name")
BY_ID: Final = (AT_DRIVER, D, D)
ROWS: Final = (
    Row(code="COSI101", plan=recorded("c01-class-missing"), actions=(D,), changes=CLAIM, back=(R,), again="COSI101"),
    Row(code="COSI102", plan=recorded("c02-no-class-named"), actions=(D,), changes=CLAIM, back=(R,), again="COSI102"),
    Row(
        code="COSI103",
        plan=recorded("c03-existing-bucket-missing"),
        actions=(D,),
        changes=CLAIM,
        back=(R,),
        again="COSI103",
    ),
    Row(code="COSI104", plan=recorded("c04-final-error"), actions=(D,), changes=ALPHA1, back=(R,)),
    Row(code="COSI104", plan=recorded("c04-near-masked"), refused="is unknown"),
    Row(code="COSI105", plan=recorded("c05-near-transient"), actions=(D,), changes=ALPHA1, back=(R,), named=True),
    Row(code="COSI105", plan=recorded("c05-near-transient"), refused="is retrying"),
    Row(
        code="COSI106",
        plan=lambda: plan_scenario("cosi-86"),
        actions=(D,),
        changes=ALPHA1,
        back=(R,),
        again="COSI106",
    ),
    Row(code="COSI107", plan=photos(create="AlreadyExists"), refused="is unknown"),
    Row(code="COSI108", plan=photos2(empty="yes"), actions=BY_ID, changes=ALPHA1, known=BY_NAME),
    Row(code="COSI112", plan=recorded("c12-driver-unserved"), actions=(D,), changes=ALPHA1, back=(R,), again="COSI112"),
    Row(code="COSI115", plan=recorded("c15-parked"), refused="deletes nothing in the backend (COSI314)"),
    Row(code="COSI115", plan=photos2(create="InvalidArgument"), actions=BY_ID, changes=ALPHA1, known=BY_NAME),
    Row(
        code="COSI116",
        plan=photos2(protocol="Azure"),
        actions=BY_ID,
        changes=ALPHA1,
        known=BY_NAME,
        back=(R,),
        again="COSI116",
    ),
    Row(code="COSI117", plan=photos2(id="arn:x"), refused="is unknown"),
    Row(code="COSI118", plan=recorded("c18-class-corrected"), actions=(D,), changes=ALPHA1, back=(R,)),
    Row(
        code="COSI201",
        again="COSI201",
        plan=recorded("h01-lost-handoff"),
        actions=(Action.REPAIR_HANDOFF,),
        changes=STATUS,
        back=(Action.RESTORE_STATUS,),
    ),
    Row(
        code="COSI203",
        again="COSI203",
        plan=recorded("h03-ready-unnamed"),
        actions=(Action.REPAIR_HANDOFF,),
        changes=STATUS,
        back=(Action.RESTORE_STATUS,),
    ),
    Row(
        code="COSI301",
        plan=recorded("d01-driver-refuses"),
        actions=(Action.SET_RETAIN,),
        changes=ALPHA1,
        back=(R,),
        known=Known(retain=True),
    ),
    Row(code="COSI302", plan=recorded("d02-claim-left"), actions=(AT_DRIVER, F), changes=CLAIM, known=WITH_ID),
    Row(code="COSI303", plan=recorded("d03-unbound"), actions=(AT_DRIVER, F), changes=CLAIM, known=WITH_ID),
    Row(code="COSI304", plan=recorded("d04-claim-gone"), actions=(AT_DRIVER, F), changes=BUCKET),
    Row(code="COSI305", plan=recorded("d05-orphan"), refused="somebody may still use the data"),
    Row(code="COSI305", plan=recorded("d05-orphan"), refused="is ready", known=Known(retain=True)),
    Row(
        code="COSI305",
        plan=recorded("d05-orphan"),
        actions=(Action.SET_RETAIN, D),
        changes=frozenset({"terminating Bucket"}),
        known=Known(retain=True),
        named=True,
    ),
    Row(
        code="COSI306",
        plan=recorded("d06-lost-deletion", "v0.2.1"),
        actions=(Action.NUDGE,),
        changes=ALPHA1,
    ),
    Row(
        code="COSI307",
        plan=recorded("d07-zombie"),
        actions=(Action.RECREATE_BUCKET, Action.NUDGE),
        changes=CLAIM,
    ),
    Row(
        code="COSI310", plan=recorded("d10-empty-claim-ref"), actions=(Action.SET_RETAIN, F), changes=BUCKET, back=(R,)
    ),
    Row(code="COSI401", plan=recorded("a01-class-missing"), actions=(D,), changes=ACCESS, back=(R,), again="COSI401"),
    Row(code="COSI402", plan=recorded("a02-claim-missing"), actions=(D,), changes=ACCESS, back=(R,), again="COSI402"),
    Row(code="COSI404", plan=recorded("a04-service-account"), actions=(D,), changes=ACCESS, back=(R,), again="COSI404"),
    Row(code="COSI405", plan=recorded("a05-grant-refused"), actions=(D,), changes=ACCESS, back=(R,)),
    Row(code="COSI405", plan=reader2(grant="InvalidArgument"), refused=MAIN),
    Row(code="COSI408", plan=reader(empty="yes"), actions=(D,), changes=ACCESS, back=(R,), again="COSI408"),
    Row(
        code="COSI410",
        plan=unrevocable,
        actions=(Action.REVOKE_AT_DRIVER, F),
        changes=ACCESS,
        prepare=unrevocable_gone,
    ),
    Row(
        code="COSI411",
        plan=lambda: plan_scenario("healthy"),
        actions=(Action.REVOKE_AT_DRIVER, F),
        changes=ACCESS,
        known=WITH_ID,
        prepare=chain_gone,
    ),
    Row(
        code="COSI412",
        plan=lambda: plan_scenario("healthy"),
        actions=(Action.CREATE_SECRET,),
        changes=ACCESS,
        prepare=secret_gone,
    ),
    Row(
        code="COSI413",
        plan=lambda: plan_scenario("healthy"),
        actions=(Action.NUDGE,),
        changes=frozenset({"changed BucketAccess"}),
        back=(Action.UNMARK,),
        prepare=secret_going,
    ),
    Row(
        code="COSI414",
        plan=recorded("a14-claim-deleted-since"),
        actions=(D,),
        changes=ACCESS,
        back=(R,),
        again="COSI402",
    ),
    Row(code="COSI417", plan=reader2(protocol="Azure"), refused=MAIN),
    Row(code="COSI418", plan=recorded("a18-multi-bucket"), refused=MAIN),
    Row(code="COSI419", plan=reader2(foreign_secret()), refused=MAIN),
)
