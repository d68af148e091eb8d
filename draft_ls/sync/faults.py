"""Why files could not be put into a container: as problems that say what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from draft_ls.errors import DraftError, Problem, Stage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from draft_ls.cluster.faults import ApiError
    from draft_ls.sync.model import Replica

GONE = ("sync-pod-gone", "sync-not-running")
"""The replica is not there, or not yet again: nothing that a build could mend."""

CUT = ("sync-cut", "sync-timeout")
"""The way to the replica was lost; a new channel may work."""


def may_pass(problem: Problem) -> bool:
    """Whether another try may find the problem gone, without anybody doing anything."""
    passing = problem.code in (*CUT, "sync-not-running") or problem.code.startswith("cluster-")
    return passing and problem.code != "cluster-forbidden"


def _problem(code: str, message: str, cause: str = "", fix: str = "") -> DraftError:
    return DraftError(Problem(code, message, stage=Stage.SYNC, cause=cause, fix=fix))


def pod_gone(replica: Replica, error: ApiError) -> DraftError:
    """The pod or its container does not exist."""
    return _problem("sync-pod-gone", f"{replica} no longer exists.", error.problem.cause)


def refused(replica: Replica, error: ApiError) -> DraftError:
    """The API server does not start an exec."""
    if error.status == 403:
        return _problem(
            "sync-forbidden", f"You may not run programs in {replica}.", error.problem.cause,
            "Ask for a role that allows 'create' on 'pods/exec', or set sync = \"off\".",
        )  # fmt: skip
    if error.status in (
        400,
        409,
        500,
    ):  # what kubelets answer for a container that has not started or has ended
        return _problem("sync-not-running", f"{replica} does not run.", error.problem.cause)
    return _problem("sync-refused", f"Nothing can be run in {replica}.", error.problem.cause)


def no_shell(replica: Replica, said: str, code: int | None) -> DraftError:
    """The shell did not come up. 126 and 127 are what runtimes give for a program that is not there."""
    lowered = said.lower()
    if code in (126, 127) or any(sign in lowered for sign in ("no such file", "executable file not found")):
        return _problem(
            "sync-no-shell",
            f"The image of {replica} has no shell: files can only come with a new image.",
            said,
            "Use a base image with a shell, such as a -slim or :debug variant, in development.",
        )  # fmt: skip
    return _problem("sync-not-running", f"{replica} does not run.", said)


def unusable(replica: Replica, missing: Sequence[str]) -> DraftError:
    """The image lacks tools."""
    names = ", ".join("a dd that knows iflag=fullblock" if each == "fullblock" else each for each in missing)
    return _problem(
        "sync-no-tools", f"The image of {replica} has no {names}: files can only come with a new image.",
        fix="Use a base image with coreutils or BusyBox in development.",
    )  # fmt: skip


def timed_out(replica: Replica, cause: str) -> DraftError:
    """No answer in time."""
    return _problem("sync-timeout", f"The sync into {replica} took too long.", cause)


def cut(replica: Replica) -> DraftError:
    """The stream ended in the middle."""
    return _problem("sync-cut", f"The connection into {replica} was lost.")


def not_supervised(replica: Replica) -> DraftError:
    """Process 1 cannot restart the app."""
    return _problem(
        "sync-not-supervised",
        f"The app in {replica} cannot be restarted: its first process is not Draft's supervisor.",
        fix="Leave 'command' of the container out of the chart, so that the image's own entry point runs.",
    )  # fmt: skip


def mounted(replica: Replica, target: str, mount: str) -> DraftError:
    """The file's place is a volume."""
    return _problem(
        "sync-mounted",
        f"{target} lies in a volume: {mount} is mounted over the files of the image in {replica}.",
    )


def unverified(replica: Replica, targets: Sequence[str]) -> DraftError:
    """The container does not hold what was sent."""
    return _problem(
        "sync-unverified", f"{replica} does not hold what was saved: {', '.join(targets[:3])}.",
        "The digest in the container is another.",
    )  # fmt: skip


_NOT_WRITABLE = "The user of {replica} (id {user}) may not write the app's files."
_SIGNS = (
    ("Read-only file system", "sync-read-only", "The file system of {replica} is read-only.",
     "Leave readOnlyRootFilesystem out in development."),
    ("No space left on device", "sync-disk-full", "The disk of {replica} is full.", "Make room on the node."),
    ("Disk quota exceeded", "sync-disk-full", "The disk of {replica} is full.", "Make room on the node."),
    ("Permission denied", "sync-not-writable", _NOT_WRITABLE,
     "Give them to that user: COPY --chown=<user> and a WORKDIR that belongs to it."),
    ("Operation not permitted", "sync-not-writable", _NOT_WRITABLE,
     "Give them to that user: COPY --chown=<user> and a WORKDIR that belongs to it."),
    ("did not start again", "sync-restart-failed", "The app in {replica} could not be restarted.", ""),
)  # fmt: skip


def failed(replica: Replica, user: int, output: str) -> DraftError:
    """The script in the container failed; its output says why."""
    lines = [line for line in output.splitlines() if line.strip()]
    for sign, code, message, fix in _SIGNS:
        said = next((line for line in lines if sign.lower() in line.lower()), None)
        if said is not None:
            return _problem(code, message.format(replica=replica, user=user), said, fix)
    return _problem("sync-failed", f"The files could not be put into {replica}.", "\n".join(lines[-5:]))
