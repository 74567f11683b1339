"""Ask the server what somebody may do, several questions side by side."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from cosictl.cluster.connect import Connection
from cosictl.cluster.writer import Place, may
from cosictl.model.rights import Question

_SIDE_BY_SIDE: Final = 6


def permitted(conn: Connection, questions: Sequence[Question]) -> Mapping[Question, bool]:
    """Return the server's answer to each question (SelfSubjectAccessReview); raises ClusterError."""
    with ThreadPoolExecutor(max_workers=_SIDE_BY_SIDE) as pool:
        answers = list(pool.map(lambda question: _ask(conn, question), questions))
    return dict(zip(questions, answers, strict=True))


def _ask(conn: Connection, question: Question) -> bool:
    right = question.right
    plural, _, subresource = right.resource.partition("/")
    # A review names no version.
    api_version = f"{right.group}/any" if right.group else "v1"
    place = Place(
        api_version=api_version, plural=plural, namespace=question.namespace, name=next(iter(right.names), "")
    )
    return may(conn, right.verb, place, subresource)
