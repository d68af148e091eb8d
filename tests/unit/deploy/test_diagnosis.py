"""Why pods do not come up, in the words of clusters that are not at hand: other runtimes and policies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from draft_ls.deploy.diagnosis import findings
from draft_ls.deploy.findings import AT_ONCE, EVENTS, FIRST_CRASH, GONE, NEVER, REPLACING, SCHEDULING
from draft_ls.deploy.model import Workload
from draft_ls.deploy.progress import Progress

if TYPE_CHECKING:
    from draft_ls.deploy.findings import Finding

WORKLOAD = Workload("Deployment", "app", "space")
DEPLOYMENT: dict[str, Any] = {"metadata": {"name": "app"}, "spec": {}}


def pod(**status: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "app-1", "uid": "p"},
        "spec": {"containers": [{"name": "app"}], "restartPolicy": "Always"},
        "status": status,
    }


def container(restarts: int = 0, last: dict[str, Any] | None = None, **state: Any) -> dict[str, Any]:
    return {
        "name": "app",
        "image": "reg/app:1",
        "restartCount": restarts,
        "state": state,
        "lastState": {"terminated": last} if last else {},
    }


def event(reason: str, message: str) -> dict[str, Any]:
    return {"reason": reason, "message": message}


def found(thing: dict[str, Any], *events: dict[str, Any], old: int = 0, maker: bool = False) -> list[Finding]:
    pods, makers = ((), (thing,)) if maker else ((thing,), ())
    progress = Progress(WORKLOAD, DEPLOYMENT, 1, pods, old, makers)
    return list(findings(progress, {thing["metadata"]["uid"]: list(events)}))


@pytest.mark.parametrize(
    ("cause", "code"),
    [
        ('Failed to pull image "reg/app:1": rpc error: code = NotFound: not found', "image-not-found"),
        ('Failed to pull image "a": manifest unknown', "image-not-found"),
        ('Failed to pull image "a": 401 Unauthorized', "image-pull-denied"),
        ('Failed to pull image "a": no basic auth credentials, access denied', "image-pull-denied"),
        ('Failed to pull image "a": server gave HTTP response to HTTPS client', "image-registry-untrusted"),
        ('Failed to pull image "a": x509: unknown authority', "image-registry-untrusted"),
        ('Failed to pull image "a": dial tcp: lookup reg: no such host', "image-registry-unreachable"),
        ('Failed to pull image "a": unexpected EOF', "image-pull-failed"),
        ('Failed to pull image "r/a:1": Get "http://r/v2/": no basic auth credentials', "image-pull-denied"),
    ],
)
def test_why_an_image_cannot_be_pulled(cause: str, code: str) -> None:
    """While the kubelet backs off, the reason is only in an earlier event."""
    waiting = {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "reg/app:1"'}
    thing = pod(containerStatuses=[container(waiting=waiting)])
    (finding,) = found(thing, event("Failed", cause), event("BackOff", "Back-off pulling image"))
    assert (finding.code, finding.cause, finding.patience) == (code, cause, AT_ONCE)
    assert (finding.pod, finding.container) == ("app-1", "app")


@pytest.mark.parametrize(
    ("restarts", "code", "patience"),
    [(0, 1, FIRST_CRASH), (1, 1, AT_ONCE), (0, 127, AT_ONCE), (0, 126, AT_ONCE)],
)
def test_a_first_crash_gets_another_chance(restarts: int, code: int, patience: float) -> None:
    thing = pod(containerStatuses=[container(restarts, terminated={"exitCode": code, "reason": "Error"})])
    (finding,) = found(thing)
    assert (finding.code, finding.patience) == ("container-crashes", patience)
    assert finding.log


def test_a_restarted_container_that_runs_is_no_finding() -> None:
    last = {"exitCode": 1, "reason": "Error"}
    assert found(pod(containerStatuses=[container(1, last, running={})])) == []


def test_an_init_container_may_end() -> None:
    thing = pod(initContainerStatuses=[container(terminated={"exitCode": 0, "reason": "Completed"})])
    thing["spec"]["initContainers"] = [{"name": "app"}]
    assert found(thing) == []


def test_a_failing_init_container() -> None:
    thing = pod(initContainerStatuses=[container(2, terminated={"exitCode": 7})])
    thing["spec"]["initContainers"] = [{"name": "app"}]
    assert found(thing)[0].code == "container-crashes"


def probed(ended: dict[str, Any], **probes: dict[str, Any]) -> dict[str, Any]:
    """A pod whose container has such probes, and has just ended, not for the first time."""
    thing = pod(containerStatuses=[container(1, terminated={"reason": "Completed", **ended})])
    thing["spec"]["containers"][0] |= probes
    return thing


def test_a_liveness_probe_that_kills() -> None:
    last = {"exitCode": 137, "reason": "Error"}
    thing = pod(containerStatuses=[container(1, last, waiting={"reason": "CrashLoopBackOff"})])
    thing["spec"]["containers"][0]["livenessProbe"] = {"failureThreshold": 1}
    (finding,) = found(thing, event("Unhealthy", "Liveness probe failed: HTTP probe failed with 500"))
    assert finding.code == "liveness-probe-failed"


@pytest.mark.parametrize("code", [0, 137, 143])
@pytest.mark.parametrize("kind", ["liveness", "startup"])
def test_a_server_that_ends_well_when_its_probe_kills_it(kind: str, code: int) -> None:
    said = f"{kind.capitalize()} probe failed: 404"
    thing = probed({"exitCode": code}, **{f"{kind}Probe": {}})
    (finding,) = found(thing, event("Unhealthy", f"(combined from similar events): {said}"))
    assert (finding.code, finding.cause) == (f"{kind}-probe-failed", said)


@pytest.mark.parametrize("kind", ["liveness", "startup"])
def test_the_kubelet_says_whom_it_kills_for_a_probe(kind: str) -> None:
    """However the program ends then, and though the probe's own words have not come."""
    said = f"Container app failed {kind} probe, will be restarted"
    thing = probed({"exitCode": 1}, startupProbe={}, livenessProbe={})
    (finding,) = found(thing, event("Killing", said))
    assert (finding.code, finding.cause, finding.patience) == (f"{kind}-probe-failed", said, AT_ONCE)


def test_events_may_come_later_than_the_end_that_they_explain() -> None:
    """Else a container that its probe has ended would be told as one that ends by itself."""
    times = {"startedAt": "2026-01-01T00:00:00Z", "finishedAt": "2026-01-01T00:00:02Z"}
    often = probed({"exitCode": 0, **times}, startupProbe={"periodSeconds": 1, "failureThreshold": 3})
    (finding,) = found(often)
    assert (finding.code, finding.patience) == ("container-ends", EVENTS)


def test_a_probe_that_cannot_have_failed_often_enough_has_killed_nothing() -> None:
    """A startup probe fails as long as an app starts; the app may end by itself meanwhile."""
    times = {"startedAt": "2026-01-01T00:00:00Z", "finishedAt": "2026-01-01T00:00:02Z"}
    thing = probed({"exitCode": 0, **times}, startupProbe={"periodSeconds": 2, "failureThreshold": 60})
    (finding,) = found(thing, event("Unhealthy", "Startup probe failed: connection refused"))
    assert (finding.code, finding.patience) == ("container-ends", AT_ONCE)


@pytest.mark.parametrize(("code", "earlier"), [(1, "container-crashes"), (0, "liveness-probe-failed")])
def test_what_an_earlier_run_was_killed_for_explains_only_an_end_that_looks_alike(
    code: int, earlier: str
) -> None:
    """After 25 events about a pod the kubelet sends no more."""
    times = {"startedAt": "2026-01-01T00:01:00Z", "finishedAt": "2026-01-01T00:02:00Z"}
    thing = probed({"exitCode": code, **times}, livenessProbe={})
    killing = event("Killing", "Container app failed liveness probe, will be restarted")
    (before,) = found(thing, {**killing, "lastTimestamp": "2026-01-01T00:00:59Z"})
    (now,) = found(thing, {**killing, "eventTime": "2026-01-01T00:01:00.500000Z"})
    assert (before.code, now.code) == (earlier, "liveness-probe-failed")


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        ("CreateContainerConfigError", "failed to sync secret cache: timed out waiting for the condition"),
        ("CreateContainerConfigError", "failed to sync configmap cache: timed out waiting for the condition"),
        ("CreateContainerError", "context deadline exceeded"),
        ("CreateContainerError", 'failed to reserve container name "app_1": name is reserved for "3f2a"'),
    ],
)
def test_a_node_that_is_behind_is_no_fault_of_the_app(reason: str, text: str) -> None:
    waiting = {"reason": reason, "message": text}
    (finding,) = found(pod(containerStatuses=[container(waiting=waiting)]))
    assert (finding.code, finding.patience) == ("container-delayed", NEVER)


@pytest.mark.parametrize(
    "text",
    [
        "failed to sync configmap cache: timed out waiting for the condition",
        "failed to sync secret cache: timed out waiting for the condition",
        'object "space"/"settings" not registered',
        'configmap "kube-root-ca.crt" not found',
    ],
)
def test_a_volume_that_is_only_late_is_no_fault(text: str) -> None:
    said = f'MountVolume.SetUp failed for volume "settings" : {text}'
    thing = pod(containerStatuses=[container(waiting={"reason": "ContainerCreating"})])
    assert found(thing, event("FailedMount", said)) == []
    missing = event("FailedMount", 'MountVolume.SetUp failed for volume "v" : configmap "gone" not found')
    assert [each.code for each in found(thing, missing, event("FailedMount", said))] == ["configmap-missing"]


def test_of_several_probes_the_one_that_restarts_it_is_told() -> None:
    """A container that has just been restarted fails its readiness probe too."""
    said = ("Liveness probe failed: 404", "Readiness probe failed: connection refused")
    for restarts, cause in ((1, said[0]), (0, said[1])):
        thing = pod(containerStatuses=[container(restarts, running={"startedAt": "now"})])
        (finding,) = found(thing, *(event("Unhealthy", text) for text in said))
        kind = cause.partition(" ")[0].lower()
        assert (finding.code, finding.cause, finding.patience) == (f"{kind}-probe-failed", cause, NEVER)


@pytest.mark.parametrize(
    ("probes", "started", "codes"),
    [
        ({"readinessProbe": {}}, True, ["readiness-probe-failed"]),
        ({"readinessProbe": {}, "startupProbe": {}}, False, ["startup-probe-failed"]),
        ({"readinessProbe": {}, "startupProbe": {}}, True, ["readiness-probe-failed"]),
        ({"livenessProbe": {}}, True, []),
    ],
)
def test_what_runs_and_is_not_ready_waits_for_a_probe_though_no_event_says_so(
    probes: dict[str, Any], started: bool, codes: list[str]
) -> None:
    thing = pod(containerStatuses=[{**container(running={"startedAt": "now"}), "started": started}])
    thing["spec"]["containers"][0] |= probes
    told = found(thing)
    assert [each.code for each in told] == codes
    assert all("has not succeeded yet" in each.message and each.patience == NEVER for each in told)


def test_an_init_container_is_called_one() -> None:
    failed = container(1, terminated={"exitCode": 3, "reason": "Error"})
    thing = pod(initContainerStatuses=[failed])
    thing["spec"]["initContainers"] = [{"name": "app"}]
    (finding,) = found(thing)
    assert finding.message == "Init container 'app' crashes with exit code 3."


def test_a_container_that_would_run_as_root() -> None:
    text = "container has runAsNonRoot and image will run as root"
    thing = pod(
        containerStatuses=[container(waiting={"reason": "CreateContainerConfigError", "message": text})]
    )
    assert found(thing)[0].code == "container-runs-as-root"


def test_a_missing_key() -> None:
    text = "couldn't find key URL in Secret space/db"
    thing = pod(
        containerStatuses=[container(waiting={"reason": "CreateContainerConfigError", "message": text})]
    )
    (finding,) = found(thing)
    assert finding.code == "secret-key-missing"
    assert "'URL'" in finding.message


@pytest.mark.parametrize(
    ("text", "events", "code", "patience"),
    [
        ("0/3 nodes are available: 3 Insufficient cpu.", (), "pod-unschedulable", SCHEDULING),
        ("0/3 nodes are available", (event("TriggeredScaleUp", "1->2"),), "pod-unschedulable", NEVER),
        ("pod has unbound immediate PersistentVolumeClaims", (), "volume-claim-unbound", SCHEDULING),
    ],
)
def test_no_node(text: str, events: tuple[dict[str, Any], ...], code: str, patience: float) -> None:
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": text}
    (finding,) = found(pod(conditions=[condition]), *events)
    assert (finding.code, finding.patience) == (code, patience)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (
            "pods is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1",
            "quota-exceeded",
        ),
        ("failed quota: q: must specify limits.cpu", "quota-needs-resources"),
        (
            'error looking up service account space/app: serviceaccount "app" not found',
            "service-account-missing",
        ),
        ('pods "x" is forbidden: violates PodSecurity "restricted:latest"', "pod-security-denied"),
        ("admission webhook said no", "pod-denied"),
    ],
)
def test_no_pod_can_be_made(text: str, code: str) -> None:
    condition = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": text}
    maker = {"metadata": {"name": "app-rs", "uid": "r"}, "status": {"conditions": [condition]}}
    assert [finding.code for finding in found(maker, maker=True)] == [code]
    assert [
        finding.code for finding in found({**maker, "status": {}}, event("FailedCreate", text), maker=True)
    ] == [code]


def test_a_pod_that_was_denied_once_and_is_there_now_is_no_finding() -> None:
    """The event stays for an hour."""
    maker = {"metadata": {"name": "app-rs", "uid": "r"}, "status": {}}
    denied = event("FailedCreate", 'error looking up service account s/app: serviceaccount "app" not found')
    progress = Progress(WORKLOAD, DEPLOYMENT, 1, (pod(phase="Pending"),), 0, (maker,))
    assert list(findings(progress, {"r": [denied]})) == []


def test_a_full_quota_may_get_room_while_old_pods_go() -> None:
    condition = {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota: q"}
    maker = {"metadata": {"name": "app-rs", "uid": "r"}, "status": {"conditions": [condition]}}
    assert found(maker, maker=True, old=1)[0].patience == REPLACING


def test_an_evicted_pod() -> None:
    (finding,) = found(pod(phase="Failed", reason="Evicted", message="The node was low on memory"))
    assert (finding.code, finding.cause) == ("pod-ended", "The node was low on memory")


def test_a_pod_that_just_starts_has_nothing_wrong() -> None:
    waiting = {"reason": "ContainerCreating"}
    assert found(pod(phase="Pending", containerStatuses=[container(waiting=waiting)])) == []


def test_a_workload_that_is_gone_is_told_after_a_moment() -> None:
    """The view may be behind what was written, and ``kubectl replace`` deletes for a moment."""
    (finding,) = findings(Progress(WORKLOAD), {})
    assert (finding.code, finding.patience) == ("workload-deleted", GONE)
    assert "Deployment 'app'" in finding.message
