"""A sidecar like no known one, in a process of its own: later main, but Internal is final for create, and slower.

``python tests/odd_sidecar.py SPEED`` reads KUBECONFIG and COSI_ENDPOINT, as real ones do, and runs SPEED times as
fast.
"""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from cosictl.knowledge.policies import POLICIES, Backoff, Effect, Policy
from cosictl.model.copying import replace
from cosictl.model.failures import GrpcCode
from cosictl.model.refs import Rpc
from cosictl.sandbox.remote_config import server_of
from cosictl.sandbox.remote_sidecar import play


def odd_policy() -> Policy:
    known = POLICIES["later-main"]
    effects: dict[Rpc, Mapping[GrpcCode, Effect]] = dict(known.effects)
    effects[Rpc.CREATE] = {**known.effects[Rpc.CREATE], GrpcCode.INTERNAL: Effect.STOPS}
    return replace(known, name="odd", effects=effects, backoff=Backoff(base=2.0, cap=20.0))


async def _play() -> None:
    await play(
        odd_policy(),
        endpoint=os.environ["COSI_ENDPOINT"],
        server=server_of([Path(os.environ["KUBECONFIG"])]),
        namespace="default",
        pod="odd",
        speed=float(sys.argv[1]),
        stop=asyncio.Event(),
    )


if __name__ == "__main__":
    asyncio.run(_play())
