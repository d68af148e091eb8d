"""Going live: the moment when the new version itself answers."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from draft_ls.cluster.kinds import Object, uid_of
from draft_ls.deploy import answers
from draft_ls.deploy.logs import pods_of
from draft_ls.deploy.progress import is_going, is_ready, pod_value
from draft_ls.deploy.rollout import follow
from draft_ls.errors import DraftError, Problem, Stage

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

    from draft_ls.deploy.answers import Answer
    from draft_ls.deploy.model import Pod, Release, Rollout
    from draft_ls.deploy.routes import Destination
    from draft_ls.deploy.tunnel import Tunnel
    from draft_ls.deploy.view import View


@dataclass(frozen=True, slots=True)
class Live:
    """A new version that answers.

    Attributes:
        pod: the pod that answered.
        answer: what it said.
        rollout: the rest of the rollout, which goes on: all pods ready, by the cluster's own word. It ends
            with ``DraftError`` if a probe or another pod fails after all. Await or cancel it.
    """

    pod: Pod
    answer: Answer
    rollout: asyncio.Task[Rollout]


async def go_live(
    view: View,
    release: Release,
    destination: Destination,
    *,
    timeout: float = 300.0,
    path: str = "/",
    on_line: Callable[[str], None] | None = None,
) -> Live:
    """Wait until a pod of the newest revision answers on the destination's main port.

    Each new pod is asked directly from the moment it has a node. So "live" comes as soon as the app listens,
    not when kubelet and probe have noticed, and not before.

    Args:
        view: opened before Helm wrote the release.
        release: as Helm's write left it.
        destination: what is to answer.
        timeout: seconds.
        path: what to ask for.
        on_line: called with each line of progress for the person.

    Raises:
        DraftError: the new pods cannot come up, or none answered in time (``port-silent``).
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout
    first: asyncio.Future[tuple[Pod, Answer]] = loop.create_future()
    asking: set[asyncio.Task[None]] = set()

    async def ask(pod: Pod) -> None:
        port = destination.ports[0]
        left = deadline - loop.time()
        answer = await answers.until_pod(view.cluster, pod, port, path=path, timeout=left)
        if answer is not None and not first.done():
            first.set_result((pod, answer))

    def start(pod: Pod) -> None:
        if pod.workload == destination.workload and not first.done():
            task = asyncio.create_task(ask(pod))
            asking.add(task)
            task.add_done_callback(asking.discard)

    rollout = asyncio.create_task(
        follow(view.cluster, release, timeout=timeout, on_line=on_line, on_pod=start, view=view)
    )
    try:
        await asyncio.wait({rollout, first}, return_when=asyncio.FIRST_COMPLETED)
        if not first.done():
            await rollout
            async with asyncio.timeout_at(deadline):
                await first
    except TimeoutError as error:
        raise DraftError(silent(destination)) from error
    except BaseException:
        rollout.cancel()
        raise
    finally:
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
    pod, answer = first.result()
    return Live(pod, answer, rollout)


async def keep_target(view: View, tunnel: Tunnel, destination: Destination) -> None:
    """Keep a tunnel on a pod that lives, until cancelled.

    Whoever goes live retargets the tunnel to the new pod. This is for everything else: pods that are deleted,
    evicted or replaced by others. While no pod is there, connections wait.
    """
    while True:
        change = view.change
        target = tunnel.target
        pods = {uid_of(pod): pod for pod in pods_of(view, [destination.workload])}
        present = pods.get(target.uid) if target is not None else None
        if present is None or not _usable(present):
            ready = [pod for pod in pods.values() if _usable(pod) and is_ready(pod)]
            best = max(ready, key=lambda pod: pod["metadata"]["creationTimestamp"], default=None)
            tunnel.retarget(pod_value(best, destination.workload) if best is not None else None)
        await tunnel.lose_all_but(pods.keys())
        await change.wait()


def _usable(pod: Object) -> bool:
    return not is_going(pod) and pod.get("status", {}).get("phase") not in {"Failed", "Succeeded"}


async def ask_all(
    view: View,
    destination: Destination,
    uids: Collection[str],
    timeout: float,
    *,
    listens: Callable[[str], Awaitable[bool]],
    path: str = "/",
) -> tuple[int, int]:
    """Ask certain pods until each answers: how many there are, and how many did in time.

    Args:
        view: where they are.
        destination: whose main port is asked.
        uids: which pods; those that are about to go do not count.
        timeout: seconds.
        listens: returns when the pod of a unique id listens; false if that cannot be known.
        path: what to ask for.
    """
    pods = [
        pod_value(pod, destination.workload)
        for pod in pods_of(view, [destination.workload])
        if uid_of(pod) in uids and not is_going(pod)
    ]

    async def ask(pod: Pod) -> Answer | None:
        port, listening = destination.ports[0], asyncio.ensure_future(listens(pod.uid))
        try:
            return await answers.until_pod(
                view.cluster, pod, port, path=path, timeout=timeout, listening=listening
            )
        finally:
            listening.cancel()

    found = await asyncio.gather(*map(ask, pods))
    return len(pods), sum(answer is not None for answer in found)


def silent(destination: Destination, stage: Stage = Stage.ROUTE) -> Problem:
    """The problem of pods that run but do not answer."""
    port = destination.ports[0]
    return Problem(
        "port-silent",
        f"The pods of {destination.workload.name!r} are ready, but nothing answers on port {port}.",
        stage,
        fix=f"Let the app listen on 0.0.0.0:{port}, or correct the port in EXPOSE and in the chart.",
    )
