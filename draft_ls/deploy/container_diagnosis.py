"""Why a container does not run, from its status. No I/O.

The reasons are the kubelet's (``pkg/kubelet/images``, ``pkg/kubelet/container``); the texts around them
differ between versions and runtimes, so signs are short.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from draft_ls.cluster.kinds import Object, list_at, mapping_at, name_of, words_of
from draft_ls.deploy.findings import AT_ONCE, EVENTS, FIRST_CRASH, NEVER, Finding
from draft_ls.deploy.killing_probes import STOPPED, killing_probe, possible_probes

if TYPE_CHECKING:
    from collections.abc import Sequence

IMAGE_REASONS = frozenset(
    {
        "ImagePullBackOff", "ErrImagePull", "ErrImageNeverPull", "InvalidImageName", "ImageInspectError",
        "RegistryUnavailable", "SignatureValidationFailed",
    }
)  # fmt: skip
NOT_STARTED = frozenset({"ContainerCannotRun", "StartError"})
"""How runtimes call the end of a container that never began."""
COMMAND_FAULTS = frozenset({126, 127, 128})
"""Exit codes of a command that cannot be run, is not there, or could not start: trying again is no use."""
SIGNALS = {
    129: "SIGHUP", 130: "SIGINT", 132: "SIGILL", 134: "SIGABRT", 135: "SIGBUS", 136: "SIGFPE", 137: "SIGKILL",
    139: "SIGSEGV", 143: "SIGTERM",
}  # fmt: skip
PASSING = (
    "failed to sync configmap cache", "failed to sync secret cache", "not registered",
    'configmap "kube-root-ca.crt" not found',
)  # fmt: skip
"""Signs of what the kubelet says while it does not know yet what the cluster has: it tries again."""
BUSY = ("context deadline exceeded", "is reserved for")
"""Signs of what the kubelet says while the node's container runtime is too busy to answer in time."""
_KINDS = {"configmap": "ConfigMap", "secret": "Secret"}


@dataclass(frozen=True, slots=True)
class _PullFault:
    """Why a pull failed: the signs it is known by, and what to do."""

    signs: tuple[str, ...]
    code: str
    fix: str


_PULL_FAULTS = (
    _PullFault(
        ("manifest unknown", "not found", "does not exist", "no such image"),
        "image-not-found",
        "Check that the image was pushed to where the cluster pulls from: registry in draft.toml.",
    ),
    _PullFault(
        ("unauthorized", "denied", "authentication required", "no basic auth credentials", "forbidden"),
        "image-pull-denied",
        "Give the cluster a pull secret for the registry (imagePullSecrets).",
    ),
    _PullFault(
        ("http response to https", "x509", "certificate"),
        "image-registry-untrusted",
        "Make the registry known to the nodes as an insecure one, or give it a certificate that they trust.",
    ),
    _PullFault(
        ("refused", "no such host", "dial tcp", "no route", "i/o timeout"),
        "image-registry-unreachable",
        "The nodes do not reach the registry under that name: check registry in draft.toml.",
    ),
)


def diagnose(pod: Object, container: Object, events: Sequence[Object]) -> Finding | None:
    """What is wrong with a container, if something is.

    Args:
        pod: the pod.
        container: the container's status.
        events: the events about the pod, the newest last.
    """
    found = _diagnose(pod, container, events)
    return replace(found, pod=name_of(pod), container=container["name"]) if found is not None else None


def passes(text: str) -> bool:
    """Whether what the kubelet says tells of no fault in the app: it has only to try again."""
    return any(sign in text for sign in PASSING)


def missing_object(text: str, who: str) -> Finding | None:
    """A ConfigMap or Secret that the kubelet does not find, as its message says; ``who`` needs it."""
    match = re.search(r'(configmap|secret) "([^"]+)" not found', text)
    if match is None:
        return None
    kind = _KINDS[match[1]]
    return Finding(
        f"{match[1]}-missing",
        f"{who} needs {kind} {match[2]!r}, which does not exist.",
        text,
        f"Create the {kind}, or add it to the chart.",
    )


def _who(pod: Object, container: Object) -> str:
    """How a person calls a container."""
    name = container["name"]
    prepares = any(item["name"] == name for item in list_at(pod, "spec", "initContainers"))
    return f"Init container {name!r}" if prepares else f"Container {name!r}"


def _diagnose(pod: Object, container: Object, events: Sequence[Object]) -> Finding | None:
    waiting = mapping_at(container, "state", "waiting")
    now_ended = mapping_at(container, "state", "terminated")
    ended = now_ended or mapping_at(container, "lastState", "terminated")
    reason, text = waiting.get("reason", ""), waiting.get("message", "")
    if reason in IMAGE_REASONS:
        return _image(container, reason, text, events)
    if reason == "CreateContainerConfigError":
        return _delayed(pod, container, text) if passes(text) else _configuration(container["name"], text)
    if reason in {"CreateContainerError", "RunContainerError"}:
        if any(sign in text for sign in BUSY):
            return _delayed(pod, container, text)
        return _not_started(_who(pod, container), text or ended.get("message", ""))
    if not ended or not (now_ended or reason == "CrashLoopBackOff"):
        return None
    if ended.get("exitCode") == 0 and _may_end(pod, container):
        return None
    return _crashed(pod, container, ended, events)


def _may_end(pod: Object, container: Object) -> bool:
    """Whether the container is one that has an end: of a job, or an init container."""
    if mapping_at(pod, "spec").get("restartPolicy", "Always") != "Always":
        return True
    return any(item["name"] == container["name"] for item in list_at(pod, "spec", "initContainers"))


def _image(container: Object, reason: str, text: str, events: Sequence[Object]) -> Finding:
    image, name = container.get("image", ""), container["name"]
    if reason == "InvalidImageName":
        fix = "Check registry and name in draft.toml, and image in the chart's values."
        return Finding("image-name-invalid", f"{image!r} is no image name.", text, fix)
    if reason == "ErrImageNeverPull":
        message = f"The image {image} is not on the node, and the chart forbids to pull it."
        fix = "Set image.pullPolicy to IfNotPresent, or set a registry in draft.toml."
        return Finding("image-not-on-node", message, text, fix)
    cause = _pull_cause(text, events)
    fault = next(
        (fault for fault in _PULL_FAULTS if any(sign in cause.lower() for sign in fault.signs)), None
    )
    return Finding(
        fault.code if fault else "image-pull-failed",
        f"The image {image} of container {name!r} cannot be pulled.",
        cause,
        fault.fix if fault else "",
    )


def _pull_cause(text: str, events: Sequence[Object]) -> str:
    """The runtime's own words. While the kubelet backs off, only an earlier event has them."""
    said = [words_of(event) for event in events if event.get("reason") == "Failed"]
    return next((line for line in reversed(said) if line.startswith("Failed to pull")), text)


def _configuration(name: str, text: str) -> Finding:
    missing = missing_object(text, f"Container {name!r}")
    if missing is not None:
        return missing
    key = re.search(r"couldn't find key (\S+) in (ConfigMap|Secret) (\S+)", text)
    if key is not None:
        owner = key[3].rpartition("/")[2]
        message = f"{key[2]} {owner!r} has no key {key[1]!r}, which container {name!r} needs."
        return Finding(f"{key[2].lower()}-key-missing", message, text, f"Add the key to the {key[2]}.")
    given = "non-root policy" in text
    if given or "runAsNonRoot" in text:
        message = f"Container {name!r} would run as root, which the chart forbids."
        fix = "Set runAsUser in the chart's values to the image's user."
        fix = fix if given else "Add a USER with a numeric id to the Dockerfile."
        return Finding("container-runs-as-root", message, text, fix)
    return Finding("container-config-invalid", f"Container {name!r} cannot be set up.", text)


def _delayed(pod: Object, container: Object, text: str) -> Finding:
    message = f"{_who(pod, container)} has not been started: the node is still busy with it."
    return Finding(
        "container-delayed", message, text, "Wait: the node tries again by itself.", patience=NEVER
    )


def _not_started(who: str, text: str) -> Finding:
    fix = "Check CMD and ENTRYPOINT of the Dockerfile, and command in the chart"
    if "no such file or directory" in text or "executable file not found" in text:
        fix += ": that program is not in the image."
    elif "permission denied" in text:
        fix += ": make the program executable in the image (chmod +x)."
    else:
        fix += "."
    return Finding("container-cannot-start", f"{who} cannot be started.", text, fix)


def _crashed(pod: Object, container: Object, ended: Object, events: Sequence[Object]) -> Finding:
    name, code, who = container["name"], ended.get("exitCode", 0), _who(pod, container)
    if ended.get("reason") in NOT_STARTED:
        return _not_started(who, ended.get("message", ""))
    again = container.get("restartCount", 0) > 0 or not _restarts(pod)
    patience = AT_ONCE if again or code in COMMAND_FAULTS else FIRST_CRASH
    probes = possible_probes(pod, name, ended)
    if ended.get("reason") == "OOMKilled":
        found = Finding(
            "container-out-of-memory",
            f"{who} used more memory than its limit{_limit(pod, name)} and was killed.",
            fix="Raise resources.limits.memory in the chart's values, or make the app use less.",
        )
    elif killing := killing_probe(name, probes, ended, events):
        kind, cause = killing
        found = Finding(
            f"{kind}-probe-failed",
            f"{who} was killed since its {kind} probe failed.",
            cause,
            "Correct the probe's path and port in the chart, or give the app time (failureThreshold).",
        )
    else:
        found = _ended(who, ended)
        patience = EVENTS if probes and code in STOPPED else patience
    return replace(found, patience=patience, crash=True, log=True)


def _ended(who: str, ended: Object) -> Finding:
    """The program ended, and nobody is known to have ended it."""
    code = ended.get("exitCode", 0)
    if code == 0:
        return Finding(
            "container-ends",
            f"{who} ends by itself, with exit code 0, though it is to run on.",
            fix="CMD must run the server in the foreground.",
        )
    return Finding(
        "container-crashes",
        f"{who} crashes with exit code {code}{_meaning(code)}.",
        ended.get("message", ""),
        "See the last lines of its log.",
    )


def _restarts(pod: Object) -> bool:
    return mapping_at(pod, "spec").get("restartPolicy", "Always") != "Never"


def _limit(pod: Object, name: str) -> str:
    for item in (*list_at(pod, "spec", "containers"), *list_at(pod, "spec", "initContainers")):
        memory = mapping_at(item, "resources", "limits").get("memory")
        if item["name"] == name and memory:
            return f" of {memory}"
    return ""


def _meaning(code: int) -> str:
    if code in SIGNALS:
        return f" ({SIGNALS[code]})"
    return {126: " (the command cannot be run)", 127: " (there is no such command)"}.get(code, "")
