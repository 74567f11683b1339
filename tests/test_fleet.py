"""Who serves which driver, by Leases, Pods and their images; and what is said where that cannot be told."""

from datetime import timedelta
from typing import Any, Final

import pytest

from cosictl.diagnosis.fleet import fleet
from cosictl.diagnosis.graph import link
from cosictl.diagnosis.policy import choose
from cosictl.diagnosis.report import concluded
from cosictl.knowledge.annotations import QUARANTINED_DRIVER
from cosictl.model.copying import replace
from cosictl.model.fleet import DriverLine, Fleet
from cosictl.model.objects import AccessClass, BucketClass, Lease, Pod
from cosictl.model.refs import Api
from cosictl.model.report import Outlook
from cosictl.model.snapshot import Snapshot
from tests.remedy_worlds import DRIVER, NOW, bucket, lease, looping, meta, pod

OTHER: Final = "other.example.com"
CONTROLLER: Final = "registry.k8s.io/sig-storage/objectstorage-controller:v0.2.2"


def seen(snapshot: Snapshot) -> Fleet:
    graph = link(snapshot)
    policies = choose(graph)
    return fleet(graph, policies, concluded(graph, policies))


def only(snapshot: Snapshot) -> DriverLine:
    (line,) = seen(snapshot).drivers
    return line


def held(by: str, namespace: str = "cosi-driver", **more: Any) -> Lease:
    found = lease("cosi-example-com-cosi")
    own = replace(found.meta, namespace=namespace, uid=f"lease-{by}")
    return replace(found, meta=own, holder=by, **more)


def owned(name: str, kind: str, owner: str) -> Pod:
    return replace(pod(name), owner_kind=kind, owner_name=owner)


def other_class() -> BucketClass:
    return BucketClass(api=Api.V1ALPHA1, meta=meta("silver", "k3"), driver=OTHER)


def test_a_lease_names_the_pod() -> None:
    line = only(looping(pods=(pod("driver-0"), replace(pod("x"), containers=()))))
    assert (line.driver, line.served, line.matched) == (DRIVER, "alive", "holds the Lease")
    assert [part.pod for part in line.sidecars] == ["driver-0"]
    assert (line.sidecars[0].policy, line.sidecars[0].release) == ("v0.2.2", "v0.2.2")
    assert (line.outlooks, line.calls, line.stops) == ({Outlook.LOOPING: 1}, 120.0, False)


def test_of_a_loop_that_may_have_ended_no_call_is_counted() -> None:
    """A day after the last record of it, while its sidecar lives: what is unknown is no loop."""
    later = NOW + timedelta(days=1)
    line = only(replace(looping(leases=(held("driver-0", renewed=later),)), taken_at=later))
    assert (line.outlooks, line.calls) == ({Outlook.UNKNOWN: 1}, 0.0)


@pytest.mark.parametrize("holder", ["driver-0", "driver-0_1b9c2a3f"])
def test_holders_are_pods_with_or_without_an_id(holder: str) -> None:
    assert [part.pod for part in only(looping(leases=(held(holder),))).sidecars] == ["driver-0"]


def test_replicas_belong_to_the_one_that_holds_the_lease() -> None:
    pods = (owned("driver-0", "Deployment", "driver"), owned("driver-1", "Deployment", "driver"))
    line = only(looping(pods=pods))
    assert [part.pod for part in line.sidecars] == ["driver-0", "driver-1"]
    assert line.matched == "of the workload whose Pod holds the Lease"
    assert line.sidecars[0].owner_kind == "Deployment"


@pytest.mark.parametrize(
    ("why", "snapshot", "served", "pods", "matched"),
    [
        ("no lease, one sidecar, one driver", looping(leases=()), "absent", ["driver-0"], "the only sidecar"),
        ("nobody", looping(leases=(), pods=()), "absent", [], ""),
        (
            "its lease is dead",
            looping(leases=(held("gone-0", renewed=NOW - timedelta(hours=1)),), pods=()),
            "dead",
            [],
            "",
        ),
        (
            "about to be taken over",
            looping(leases=(held("gone-0", renewed=NOW - timedelta(seconds=200)),), pods=()),
            "takeover",
            [],
            "",
        ),
        ("held, Pod not seen", looping(leases=(held("gone-0"),), pods=()), "alive", [], ""),
    ],
)
def test_who_serves_a_driver(why: str, snapshot: Snapshot, served: str, pods: list[str], matched: str) -> None:
    line = only(snapshot)
    assert (line.served, [part.pod for part in line.sidecars]) == (served, pods), why
    assert line.matched.startswith(matched)


def test_two_drivers_and_one_sidecar_without_a_lease_are_not_guessed() -> None:
    classes = (*looping().bucket_classes, other_class())
    found = seen(looping(leases=(), bucket_classes=classes))
    assert [line.sidecars for line in found.drivers] == [(), ()]
    assert [part.pod for part in found.unmatched] == ["driver-0"]


def test_the_last_sidecar_serves_the_last_driver() -> None:
    classes = (*looping().bucket_classes, other_class())
    found = seen(looping(bucket_classes=classes, pods=(pod("driver-0"), pod("other-0"))))
    assert {line.driver: [part.pod for part in line.sidecars] for line in found.drivers} == {
        DRIVER: ["driver-0"],
        OTHER: ["other-0"],
    }


def test_a_lease_whose_driver_nobody_names_is_shown() -> None:
    found = seen(
        looping(leases=(lease("cosi-example-com-cosi"), replace(lease("old-example-com-cosi"), holder="old-0")))
    )
    assert [lease.place for lease in found.unnamed] == ["cosi-driver/old-example-com-cosi"]


def test_an_access_class_names_a_driver_too() -> None:
    keys = AccessClass(api=Api.V1ALPHA1, meta=meta("keys", "k2"), driver=OTHER)
    assert [line.driver for line in seen(looping(access_classes=(keys,))).drivers] == [DRIVER, OTHER]


def test_spellings_are_one_driver_on_v1alpha1_and_two_on_v1alpha2() -> None:
    upper = BucketClass(api=Api.V1ALPHA1, meta=meta("upper", "k4"), driver=DRIVER.upper())
    assert len(seen(looping(bucket_classes=(*looping().bucket_classes, upper))).drivers) == 1
    newer = [BucketClass(api=Api.V1ALPHA2, meta=meta(name, name), driver=name) for name in (DRIVER, DRIVER.upper())]
    snapshot = looping(bucket_classes=tuple(newer), buckets=(), claims=(), access_classes=(), events=())
    assert len(seen(snapshot).drivers) == 2


def test_the_name_of_a_quarantine_is_no_driver() -> None:
    own = replace(bucket().meta, annotations={QUARANTINED_DRIVER: DRIVER})
    parked = replace(bucket(meta=own), driver="quarantined.cosictl.dev")
    assert [line.driver for line in seen(looping(buckets=(parked,))).drivers] == [DRIVER]


def test_the_controller_and_its_lease_stand_beside() -> None:
    controller = replace(pod("controller-0"), containers=(replace(pod("c").containers[0], image=CONTROLLER),))
    own = lease("leader-lock-cosi-controller-manager")
    line = only(looping(pods=(pod("driver-0"), controller), leases=(*looping().leases, own)))
    assert [part.release for part in line.controllers] == ["v0.2.2"]
    assert line.controller_lease is not None
    assert line.controller_lease.state == "alive"


def test_what_happened_here_is_named_first_among_the_hazards() -> None:
    line = only(looping())
    assert [note.seen for note in line.hazards if note.seen] == []
    assert line.hazards[0].slug == "grant-already-exists-crash"
    dying = replace(pod("driver-0").containers[0], ready=False, restarts=4, exit_code=2, exit_reason="Error")
    line = only(looping(pods=(replace(pod("driver-0"), containers=(dying,)),)))
    assert line.hazards[0].seen == ("COSI406 (1)",)
    assert line.sidecars[0].ended == "exit code 2 Error"
