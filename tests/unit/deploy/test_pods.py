"""The pods of a release as a person looks at them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from draft_ls.deploy.model import PodState, Workload
from draft_ls.deploy.pods import pod_state, pods_of

if TYPE_CHECKING:
    from draft_ls.cluster.kinds import Kind, Object
    from draft_ls.deploy.view import View


class Seen:
    """What a view would hold."""

    def __init__(self, **objects: list[Object]) -> None:
        self._objects = objects

    def objects(self, kind: Kind) -> list[Object]:
        return self._objects.get(kind.plural, [])

    def named(self, kind: Kind, name: str) -> Object | None:
        return next((item for item in self.objects(kind) if item["metadata"]["name"] == name), None)


def thing(name: str, owner: str | None = None, made: str = "2026-01-01T00:00:00Z") -> Object:
    owners = [{"uid": owner, "controller": True}] if owner else []
    return {"metadata": {"name": name, "uid": name, "ownerReferences": owners, "creationTimestamp": made}}


def pod(phase: str = "Running", *, ready: bool = False, **status: Any) -> Object:
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
    return {**thing("web-1"), "status": {"phase": phase, "conditions": conditions, **status}}


def container(state: Object | None = None, last: Object | None = None, restarts: int = 0) -> Object:
    return {"name": "web", "state": state or {}, "lastState": last or {}, "restartCount": restarts}


def test_pods_of_every_revision_and_of_no_other_release_the_newest_first() -> None:
    seen = Seen(
        deployments=[thing("web")],
        replicasets=[thing("web-old", "web"), thing("web-new", "web"), thing("other", "somebody")],
        pods=[
            {**thing("a", "web-old"), "status": {}},
            {**thing("b", "web-new", "2026-01-02T00:00:00Z"), "status": {}},
            {**thing("c", "other"), "status": {}},
            {**thing("d"), "status": {}},
        ],
    )
    found = pods_of(cast("View", seen), [Workload("Deployment", "web", "default")])
    assert [each.name for each in found] == ["b", "a"]


def test_pods_that_a_workload_owns_itself_and_a_workload_that_is_not_there() -> None:
    seen = Seen(statefulsets=[thing("db")], pods=[{**thing("db-0", "db"), "status": {"phase": "Running"}}])
    wanted = [Workload("StatefulSet", "db", "default"), Workload("Job", "gone", "default")]
    assert pods_of(cast("View", seen), wanted) == (PodState("db-0", "Running", ready=False),)


def test_a_pod_that_is_well_has_no_reason() -> None:
    running = container({"running": {}})
    assert pod_state(pod(ready=True, containerStatuses=[running])) == PodState("web-1", "Running", ready=True)


def test_a_pod_that_goes_says_so_and_nothing_else() -> None:
    going = pod(ready=True, containerStatuses=[container({"waiting": {"reason": "ContainerCreating"}})])
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert pod_state(going) == PodState("web-1", "Terminating", ready=False)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ({"containerStatuses": [container({"waiting": {"reason": "CrashLoopBackOff"}})]}, "CrashLoopBackOff"),
        (
            {"containerStatuses": [container({"terminated": {"exitCode": 3, "reason": "Error"}})]},
            "exit code 3",
        ),
        ({"containerStatuses": [container({"terminated": {"exitCode": 0, "reason": "Completed"}})]}, ""),
        (
            {
                "containerStatuses": [
                    container({"running": {}}, {"terminated": {"exitCode": 137, "reason": "OOMKilled"}})
                ]
            },
            "OOMKilled",
        ),
        (
            {
                "initContainerStatuses": [container({"waiting": {"reason": "ImagePullBackOff"}})],
                "containerStatuses": [container({"waiting": {"reason": "PodInitializing"}})],
            },
            "ImagePullBackOff",
        ),
        (
            {
                "containerStatuses": [
                    container({"waiting": {"reason": "ContainerCreating"}}),
                    container({"terminated": {"exitCode": 2}}),
                ]
            },
            "exit code 2",
        ),
        ({"reason": "Evicted", "containerStatuses": [container({"running": {}})]}, "Evicted"),
    ],
)
def test_the_reason_is_the_most_telling_one(status: dict[str, Any], reason: str) -> None:
    assert pod_state(pod(**status)).reason == reason


def test_a_pod_without_a_node() -> None:
    waiting = pod("Pending")
    waiting["status"]["conditions"] = [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]
    assert pod_state(waiting) == PodState("web-1", "Pending", ready=False, reason="Unschedulable")


def test_restarts_are_counted_over_all_containers() -> None:
    both = [container({"running": {}}, restarts=2), container({"running": {}}, restarts=1)]
    assert pod_state(pod(ready=True, containerStatuses=both)).restarts == 3
