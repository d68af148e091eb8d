"""Running the post-deploy tasks of ``.draft-tasks.toml`` in the app's own container."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from draft_ls.engine.tasks import TIMEOUT, task_failed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from draft_ls.cluster.client import Cluster
    from draft_ls.config.tasks import Task
    from draft_ls.deploy.model import Pod
    from draft_ls.processes import Stream


async def run_in_pod(
    cluster: Cluster, pod: Pod, tasks: tuple[Task, ...], file: Path, on_line: Callable[[Stream, str], None]
) -> None:
    """Run tasks one after the other in the pod's first container.

    Args:
        cluster: where the pod is.
        pod: which.
        tasks: what to run.
        file: the tasks file, where a failure is shown.
        on_line: takes each line that a task writes.

    Raises:
        DraftError: one failed; those after it are not run.
    """
    for task in tasks:
        on_line("stdout", f"{pod.name}$ {' '.join(task.arguments)}")
        code, lines = await _run(cluster, pod, task, file, on_line)
        if code != 0:
            raise task_failed(task, file, f"It ended with exit code {code}.", tuple(lines[-20:]))


async def _run(
    cluster: Cluster, pod: Pod, task: Task, file: Path, on_line: Callable[[Stream, str], None]
) -> tuple[int | None, list[str]]:
    from draft_ls.cluster.streams import Channel

    lines: list[str] = []
    rest = b""
    stream = await cluster.exec(pod.namespace, pod.name, pod.containers[0], task.arguments, stdin=False)
    try:
        async with asyncio.timeout(TIMEOUT):
            while (part := await stream.read()) is not None:
                channel, data = part
                *whole, rest = (rest + data).split(b"\n")
                for line in whole:
                    lines.append(line.decode(errors="replace"))
                    on_line("stderr" if channel is Channel.STDERR else "stdout", lines[-1])
    except TimeoutError:
        raise task_failed(task, file, f"It did not end within {TIMEOUT:.0f} s.", tuple(lines[-20:])) from None
    finally:
        await stream.close()
    if rest:
        lines.append(rest.decode(errors="replace"))
        on_line("stdout", lines[-1])
    return stream.exit_code, lines
