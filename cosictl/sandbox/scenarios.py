"""Stories to start with: what is in the cluster, who serves it, and what happens next. Rows; nothing is run here."""

from collections.abc import Mapping
from dataclasses import dataclass

from cosictl.model.refs import Api, Kind, Ref
from cosictl.sandbox.objects import DRIVER, TEAM, access, access_class, bucket_class, claim
from cosictl.sandbox.ports import Json

OTHER_DRIVER = "other.example.com"
# The report's class: with the claim's UID behind it the name has 98 characters, and S3 allows 63.
LONG_CLASS = "testlongnameforbucketgenerationerrorisexpectedtest-bucketclass"


@dataclass(frozen=True, slots=True, kw_only=True)
class SidecarSpec:
    """One driver with its sidecar: the policy it plays ("" is what ``--sidecar`` says) and the version it speaks.

    ``speaks`` None is the version of the policy: anything else is a driver that its sidecar does not understand.
    """

    driver: str = DRIVER
    policy: str = ""
    namespace: str = "cosi-driver"
    speaks: Api | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """Somebody deletes an object once the scenario has settled."""

    ref: Ref


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A story.

    ``old_names``: the controller names Buckets ``<class><claim UID>``, as all before v0.2.2 did. ``then`` happens
    after everything in ``objects`` has been ready or recorded twice.
    """

    name: str
    about: str
    objects: tuple[Json, ...]
    sidecars: tuple[SidecarSpec, ...] = (SidecarSpec(),)
    api: Api = Api.V1ALPHA1
    old_names: bool = False
    then: tuple[Deletion, ...] = ()


_KEYS = access_class("keys")
# A driver that takes its time, as real ones do: the controller then writes first, and no hand-off is lost.
_TIME = {"delay": "8"}
_PLAIN = bucket_class("standard", parameters=_TIME)
_HEALTHY = (_PLAIN, _KEYS, claim("photos", "standard"), claim("logs", "standard"), access("photos-reader", "photos"))


def _claims_gone(*names: str) -> tuple[Deletion, ...]:
    return tuple(Deletion(ref=Ref(Kind.CLAIM, TEAM, name)) for name in names)


_ROWS = (
    Scenario(
        name="cosi-86",
        about="A class name so long that the Bucket's name is never valid; the driver refuses it, the sidecar asks on.",
        objects=(*_HEALTHY, bucket_class(LONG_CLASS), claim("reports", LONG_CLASS)),
        old_names=True,
    ),
    Scenario(
        name="deletion",
        about="Claims that cannot go: a bucket that is not empty, a backend that refuses, one that goes as it should.",
        objects=(
            *_HEALTHY,
            bucket_class(
                "not-empty",
                parameters={**_TIME, "delete": "FailedPrecondition", "message": "bucket {key} is not empty"},
            ),
            bucket_class(
                "guarded", parameters={**_TIME, "delete": "PermissionDenied", "message": "deletion is not allowed"}
            ),
            claim("archive", "not-empty"),
            claim("ledger", "guarded"),
        ),
        then=_claims_gone("archive", "ledger", "logs"),
    ),
    Scenario(
        name="handoff",
        about="Drivers that answer faster than the controller writes: ready Buckets whose claims never hear of it.",
        objects=(
            _PLAIN,
            bucket_class("instant"),
            *(claim(f"fast-{number}", "instant") for number in range(1, 5)),
            claim("slow-1", "standard"),
        ),
    ),
    Scenario(
        name="access",
        about="Accesses that are refused, wait, name a class or claim that is missing, or lack a field; one works.",
        objects=(
            *_HEALTHY,
            access_class("denied", parameters={"grant": "PermissionDenied", "message": "user may not be made"}),
            access_class("iam", authentication="IAM"),
            bucket_class("refused", parameters={"create": "InvalidArgument", "message": "region is not known"}),
            claim("films", "refused"),
            access("no-right", "photos", "denied"),
            access("no-account", "photos", "iam"),
            access("no-class", "photos", "missing"),
            access("no-claim", "ghost"),
            access("waits", "films"),
        ),
    ),
    Scenario(
        name="mixed-api",
        about="Versions that do not fit: a sidecar older than the CRDs, and one whose driver speaks the other version.",
        objects=(
            bucket_class("standard", api=Api.V1ALPHA2),
            bucket_class("others", api=Api.V1ALPHA2, driver=OTHER_DRIVER),
            access_class("keys", api=Api.V1ALPHA2),
            claim("photos", "standard", api=Api.V1ALPHA2),
            claim("films", "others", api=Api.V1ALPHA2),
        ),
        api=Api.V1ALPHA2,
        sidecars=(
            SidecarSpec(policy="v0.2.2"),
            SidecarSpec(driver=OTHER_DRIVER, policy="main-2026-03", namespace="other-driver", speaks=Api.V1ALPHA1),
        ),
    ),
    Scenario(
        name="two-drivers",
        about="Two drivers in one cluster: a deletion that its own driver refuses is finished by the other's sidecar.",
        objects=(
            *_HEALTHY,
            bucket_class("others", driver=OTHER_DRIVER, parameters=_TIME),
            bucket_class(
                "guarded", parameters={**_TIME, "delete": "PermissionDenied", "message": "deletion is not allowed"}
            ),
            claim("films", "others"),
            claim("ledger", "guarded"),
        ),
        sidecars=(SidecarSpec(), SidecarSpec(driver=OTHER_DRIVER, namespace="other-driver")),
        then=_claims_gone("ledger"),
    ),
    Scenario(
        name="crash",
        about="A grant that answers AlreadyExists: the sidecar dies of it, again and again.",
        objects=(
            *_HEALTHY,
            access_class("taken", parameters={"grant": "AlreadyExists", "message": "user {key} already exists"}),
            access("writer", "photos", "taken"),
        ),
    ),
    Scenario(name="healthy", about="Two claims and an access that work.", objects=_HEALTHY),
    Scenario(
        name="empty",
        about="The CRDs and the namespaces that every cluster has; nobody serves.",
        objects=(),
        sidecars=(),
    ),
)

SCENARIOS: Mapping[str, Scenario] = {row.name: row for row in _ROWS}
DEFAULT = "cosi-86"
