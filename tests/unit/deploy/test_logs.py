"""Following logs over what a real cluster can hardly be made to do on time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

import pytest

from draft_ls.cluster import kinds
from draft_ls.deploy.logs import read_logs
from draft_ls.deploy.model import Release
from draft_ls.errors import DraftError, Problem

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from draft_ls.cluster.client import Cluster
    from draft_ls.deploy.view import View

MANIFEST = """\
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: app}
spec: {template: {spec: {containers: [{name: app}]}}}
"""


class StandIn:
    """A view of one pod of a StatefulSet, and the cluster whose log is lost in the middle."""

    def __init__(self, *logs: list[str | DraftError]) -> None:
        self.logs_to_come = list(logs)
        self.asked: list[dict[str, Any]] = []
        self.namespace = "space"
        self.cluster = self
        self.change = asyncio.Event()
        self.failure: DraftError | None = None

    async def require(self, wanted: Any) -> None:
        assert list(wanted) == ["StatefulSet"]

    def named(self, kind: kinds.Kind, name: str) -> dict[str, Any]:
        return {"kind": kind.name, "metadata": {"name": name, "uid": "set"}}

    def objects(self, kind: kinds.Kind) -> list[dict[str, Any]]:
        status = {"name": "app", "containerID": "docker://1", "state": {"running": {}}}
        owner = {"uid": "set", "controller": True}
        metadata = {"name": "app-0", "uid": "pod", "creationTimestamp": "", "ownerReferences": [owner]}
        pod = {"metadata": metadata, "status": {"containerStatuses": [status]}}
        return [pod] if kind is kinds.PODS else []

    async def logs(self, *where: str, **options: Any) -> AsyncGenerator[str]:
        assert where == ("space", "app-0", "app")
        self.asked.append(options)
        if not self.logs_to_come:
            await asyncio.Event().wait()
        for line in self.logs_to_come.pop(0):
            if isinstance(line, DraftError):
                raise line
            yield line

    def follow(self) -> AsyncGenerator[Any]:
        release = Release("app", "space", 1, "deployed", MANIFEST)
        return read_logs(cast("Cluster", self), release, follow=True, view=cast("View", self))


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("draft_ls.deploy.logs.AGAIN", 0.0)


async def test_a_lost_connection_loses_and_repeats_nothing() -> None:
    lost = DraftError(Problem("cluster-unreachable", "gone"))
    there = StandIn(["start", "one"], [lost], ["one", "two", "one"], ["one", "last"])
    lines: list[str] = []
    async with asyncio.timeout(10):
        async for line in there.follow():
            lines.append(line.text)
            if line.text == "last":
                break
    assert lines == ["start", "one", "two", "one", "last"]
    first, *others = there.asked
    assert (first["tail"], first["since"]) == (200, None)
    assert all(each["since"] >= 2 and each["tail"] is None for each in others)


async def test_what_cannot_be_followed_any_more_says_so() -> None:
    there = StandIn(["start"])
    lines: list[str] = []

    async def collect() -> None:
        async for line in there.follow():
            lines.append(line.text)
            there.failure = DraftError(Problem("cluster-forbidden", "You may not watch pods."))
            there.change.set()

    with pytest.raises(DraftError) as raised:
        async with asyncio.timeout(10):
            await collect()
    assert lines == ["start"]
    assert raised.value.problem.code == "cluster-forbidden"
