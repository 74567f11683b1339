"""A Bucket about which nothing (recent) is recorded: who could be silent, and who is simply not there.

Absence of events proves nothing by itself: some loops record nothing, image-60 outside ``default`` never can,
v1alpha2 never writes any, and events expire. So most answers here are ``unknown`` with candidates.
"""

from cosictl.diagnosis.case import Case, Verdict, can_record, events_tell
from cosictl.diagnosis.service import Service, service_of
from cosictl.model.objects import Bucket
from cosictl.model.report import Outlook

_SILENT_LOOPS = ("COSI107", "COSI108", "COSI109")


def silent_bucket(case: Case[Bucket]) -> Verdict:
    """The verdict on a Bucket that is not ready and has no recent record."""
    service = service_of(case.graph, case.driver, case.obj.api)
    served = _by_service(case, service)
    if served is not None:
        return served
    if case.alpha1:
        return _alpha1(case, service)
    return _alpha2(case)


def _by_service(case: Case[Bucket], service: Service) -> Verdict | None:
    """What the driver's Lease decides: a sidecar that is not there explains everything."""
    who = f"driver {case.driver}"
    match service:
        case Service.ABSENT:
            others = case.graph.snapshot.leases
            code = "COSI112" if others or not case.graph.shows_life(case.driver, case.obj.api) else "COSI111"
            return Verdict(
                outlook=Outlook.STALLED, basis=(f"no sidecar holds a lease for {who}; nobody works on it",), code=code
            )
        case Service.DEAD:
            return Verdict(
                outlook=Outlook.STALLED,
                basis=(f"the sidecar's lease for {who} was not renewed in time; nobody works on it",),
                code="COSI111",
            )
        case Service.TAKEOVER:
            return Verdict(
                outlook=Outlook.RETRYING,
                basis=(f"the sidecar's lease for {who} ran out minutes ago; another one takes over within 220 s",),
                code="COSI504",
            )
        case Service.ALIVE | Service.UNTOLD:
            return None


def _alpha1(case: Case[Bucket], service: Service) -> Verdict:
    claim = case.graph.claim_of(case.obj)
    if claim is not None and claim.ready is True:
        return Verdict(
            outlook=Outlook.UNKNOWN,
            basis=("its claim was told ready, so a create succeeded; a later step of the sidecar failed",),
            code="COSI202",
            candidates=("COSI202", "COSI113", "COSI107"),
        )
    if service is Service.UNTOLD and not case.graph.shows_life(case.driver, case.obj.api):
        return Verdict(
            outlook=Outlook.UNKNOWN,
            basis=(f"no Bucket of driver {case.driver} shows any work of a sidecar; leases could not be looked at",),
            code="COSI112",
            candidates=("COSI112", "COSI111"),
            needs=("leases",),
        )
    if not can_record(case):
        return Verdict(
            outlook=Outlook.UNKNOWN,
            basis=(f"sidecar {case.policy.name} cannot write Bucket events from its namespace: silence means nothing",),
            code="COSI506",
            candidates=("COSI506", "COSI206", *_SILENT_LOOPS),
        )
    if not events_tell(case):
        return Verdict(
            outlook=Outlook.UNKNOWN,
            basis=("events could not be read; nothing else says why it is not ready",),
            code="COSI904",
            candidates=("COSI904", "COSI104", "COSI105", *_SILENT_LOOPS),
            needs=("events",),
        )
    return Verdict(
        outlook=Outlook.UNKNOWN,
        basis=("no event says why it is not ready; retries that record nothing look exactly like this",),
        code="COSI107",
        candidates=(*_SILENT_LOOPS, *(() if service is Service.ALIVE else ("COSI111",))),
        needs=() if service is Service.ALIVE else ("leases",),
        retried=True,
    )


def _alpha2(case: Case[Bucket]) -> Verdict:
    """v1alpha2: the finalizer comes before the call, the status after it."""
    if case.failure is not None:
        return Verdict(
            outlook=Outlook.UNKNOWN,
            basis=("status.error was not renewed for longer than the longest backoff (1000 s)",),
            code="COSI111",
            candidates=("COSI111", "COSI109"),
        )
    if case.obj.meta.finalizers:
        return Verdict(
            outlook=Outlook.UNKNOWN,
            basis=("its sidecar took it up, but no status was ever written",),
            code="COSI117",
            candidates=("COSI117", "COSI109"),
        )
    if case.graph.shows_life(case.driver, case.obj.api):
        return Verdict(
            outlook=Outlook.UNKNOWN,
            basis=("its sidecar works on other Buckets and never touched this one",),
            code="COSI109",
            candidates=("COSI109", "COSI111"),
        )
    return Verdict(
        outlook=Outlook.UNKNOWN,
        basis=(f"no sidecar touched any Bucket of driver {case.driver}; v1alpha2 compares driver names exactly",),
        code="COSI112",
        candidates=("COSI112", "COSI111", "COSI503"),
        needs=("pods",),
    )
