"""Helm, version 3 or 4, as a child process: releases are written, read, repaired and removed here.

Context and namespace are always passed. Helm never waits for the rollout: ``rollout`` follows it with better
eyes. A write that has begun is never cut off; see ``upgrade``.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import re
import shutil
import signal
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from draft_ls.deploy import chart_errors
from draft_ls.deploy.model import Release, Revision, Target
from draft_ls.deploy.template import Rendering, located
from draft_ls.errors import DraftError, Problem, Stage
from draft_ls.processes import Finished, run

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator, Mapping, Sequence

T = TypeVar("T")

READ_TIMEOUT = 30.0
"""Seconds for a Helm command that writes nothing."""
FINISH_TIMEOUT = 60.0
"""Seconds that a write may take beyond the time its hooks are given."""
SETTLE = 10.0
"""Seconds that another Helm gets to end its write before a pending release counts as abandoned."""
GARBAGE = "400"
"""How much Helm's heap may grow, in percent, before it is swept: a command lives for less than a second, and
spends a tenth of that on sweeping otherwise."""

_versions: dict[tuple[str, int], tuple[int, ...]] = {}
_unfinished: set[asyncio.Task[Any]] = set()
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Helm:
    """A Helm program.

    Attributes:
        path: where it is.
        version: e.g. ``(4, 3, 1)``.
    """

    path: Path
    version: tuple[int, ...]

    @classmethod
    async def find(cls, environment: Mapping[str, str] | None = None) -> Helm:
        """The Helm that the ``HELM`` variable names, else the first on ``PATH``.

        Raises:
            DraftError: there is none (``helm-missing``), or it is none that we know (``helm-unusable``).
        """
        variables = os.environ if environment is None else environment
        named = variables.get("HELM") or "helm"
        stamp = await asyncio.to_thread(_locate, named, variables.get("PATH"))
        if stamp is None:
            raise DraftError(_missing(named))
        if stamp not in _versions:
            _versions[stamp] = await _probe(stamp[0])
        return cls(Path(stamp[0]), _versions[stamp])

    async def upgrade(
        self,
        target: Target,
        chart: Path,
        *,
        injected: Mapping[str, Any],
        values: Sequence[Path] = (),
        set_values: Sequence[str] = (),
        timeout: float = 300.0,
        proven: bool = False,
        on_line: Callable[[str], None] | None = None,
    ) -> Release:
        """Install the chart, or upgrade the release that is there.

        Args:
            target: which release.
            chart: the chart's folder or archive.
            injected: our own values; they win over the files, and ``set_values`` over them.
            values: values files.
            set_values: ``key=value`` as ``--set`` takes them.
            timeout: seconds for each hook of the chart.
            proven: whether the same chart, values and settings were written there before. Then Helm need not
                compare them with the cluster's schemas again, which takes it a third of its time.
            on_line: called with each line for the person.

        Raises:
            DraftError: with the place in the chart, if Helm names one.

        A cancelled caller gets its ``CancelledError`` after the write has ended: a release that is cut off in
        the middle stays ``pending`` and blocks the next one. Only a second cancellation leaves at once; the
        write then ends in the background.
        """
        write = self._upgrade(target, chart, injected, values, set_values, timeout, proven, on_line)
        return await _uninterrupted(write)

    async def _upgrade(
        self,
        target: Target,
        chart: Path,
        injected: Mapping[str, Any],
        values: Sequence[Path],
        set_values: Sequence[str],
        timeout: float,
        proven: bool,
        on_line: Callable[[str], None] | None,
    ) -> Release:
        await self._dependencies(chart, on_line)
        with _values_file(injected) as ours:
            arguments = ["upgrade", "--install", target.release, str(chart), "--output", "json"]
            arguments += ["--timeout", f"{timeout:.0f}s"]
            arguments += [word for file in (*values, ours) for word in ("--values", str(file))]
            arguments += [word for text in set_values for word in ("--set", text)]
            arguments += ["--disable-openapi-validation"] if proven else []
            finished = await self._write(target, arguments, timeout, on_line)
        if not finished.ok:
            problem = chart_errors.explain(finished.stderr, chart, target, values)
            rendering = Rendering(
                chart, target.release, target.namespace, tuple(values), tuple(set_values), injected
            )
            raise DraftError(await located(self, rendering, problem))
        release = _release(json.loads(finished.stdout))
        if release.installed and on_line is not None:
            on_line(f'Release "{release.name}" does not exist. Installing it now.')
        return release

    async def status(self, target: Target) -> Release | None:
        """The release as its last write left it; none if there is no such release."""
        finished = await self._read(target, ["status", target.release, "--output", "json"])
        return _release(json.loads(finished.stdout)) if finished is not None else None

    async def history(self, target: Target) -> tuple[Revision, ...]:
        """The revisions that Helm remembers, oldest first; none if there is no such release."""
        finished = await self._read(target, ["history", target.release, "--max", "256", "--output", "json"])
        if finished is None:
            return ()
        return tuple(
            Revision(entry["revision"], entry["status"], entry["updated"], entry.get("description", ""))
            for entry in json.loads(finished.stdout)
        )

    async def rollback(
        self,
        target: Target,
        revision: int,
        *,
        timeout: float = 300.0,
        on_line: Callable[[str], None] | None = None,
    ) -> Release:
        """Make a new revision that equals an old one. Cancellation is as in ``upgrade``."""
        return await _uninterrupted(self._rollback(target, revision, timeout, on_line))

    async def _rollback(
        self, target: Target, revision: int, timeout: float, on_line: Callable[[str], None] | None
    ) -> Release:
        arguments = ["rollback", target.release, str(revision), "--timeout", f"{timeout:.0f}s"]
        finished = await self._write(target, arguments, timeout, on_line)
        if not finished.ok:
            raise DraftError(chart_errors.explain(finished.stderr, None, target))
        release = await self.status(target)
        if release is None:
            raise DraftError(_gone(target))
        return release

    async def uninstall(
        self, target: Target, *, timeout: float = 300.0, on_line: Callable[[str], None] | None = None
    ) -> bool:
        """Remove the release and what it made; false if there was none. Cancellation is as in ``upgrade``."""
        arguments = ["uninstall", target.release, "--timeout", f"{timeout:.0f}s"]
        finished = await _uninterrupted(self._write(target, arguments, timeout, on_line))
        if finished.ok:
            return True
        if _not_found(finished):
            return False
        raise DraftError(chart_errors.explain(finished.stderr, None, target))

    async def repair(
        self, target: Target, *, settle: float = SETTLE, on_line: Callable[[str], None] | None = None
    ) -> str | None:
        """Free a release that a killed Helm left pending, so that it can be written again.

        A release that was deployed before is rolled back to that revision; one that never was is uninstalled.
        A write younger than ``settle`` seconds may still be under way somewhere: it is waited for.

        Returns:
            What was done, for the person; none if nothing was pending.
        """
        newest = await self._settled(target, settle)
        if newest is None or not newest[-1].unfinished:
            return None
        *before, last = newest
        good = next((revision for revision in reversed(before) if revision.was_deployed), None)
        if good is None or last.status == "uninstalling":
            await self.uninstall(target, on_line=on_line)
            done = "removed it"
        else:
            await self.rollback(target, good.number, on_line=on_line)
            done = f"rolled back to revision {good.number}"
        message = f"{target.release!r} was left {last.status} by a Helm that was killed: {done}"
        if on_line is not None:
            on_line(message)
        return message

    async def _settled(self, target: Target, settle: float) -> tuple[Revision, ...] | None:
        """The history once its newest write has ended or is older than ``settle`` seconds."""
        while True:
            revisions = await self.history(target)
            if not revisions:
                return None
            age = _age(revisions[-1].updated)
            if not revisions[-1].unfinished or age >= settle:
                return revisions
            await asyncio.sleep(min(0.5, settle - age))

    async def _dependencies(self, chart: Path, on_line: Callable[[str], None] | None) -> None:
        """Fetch the charts that Chart.yaml depends on, if they are not there."""
        verb = await asyncio.to_thread(chart_errors.dependency_step, chart)
        if verb is None:
            return
        arguments = [str(self.path), "dependency", verb, str(chart)]
        finished = await run(arguments, timeout=FINISH_TIMEOUT, on_line=_lines(on_line))
        if not finished.ok:
            raise DraftError(chart_errors.explain_dependencies(finished.stderr, chart))

    async def _write(
        self,
        target: Target,
        arguments: Sequence[str],
        timeout: float,
        on_line: Callable[[str], None] | None,
    ) -> Finished:
        """Run a writing command; take back fields that others have changed since, as Helm 3 always did."""
        limit = timeout + FINISH_TIMEOUT
        finished = await self._run(target, arguments, limit, on_line)
        if finished.code < 0:
            raise DraftError(_killed(target, arguments[0], -finished.code))
        conflict = _CONFLICT.search(finished.stderr)
        if finished.ok or conflict is None or self.version < (4,):
            return finished
        if on_line is not None:
            on_line(f"Taking back what {conflict['manager']} has changed in the cluster")
        return await self._run(target, [*arguments, "--force-conflicts"], limit, on_line)

    async def _read(self, target: Target, arguments: Sequence[str]) -> Finished | None:
        """Run a reading command; none if there is no such release."""
        finished = await self._run(target, arguments, READ_TIMEOUT, None)
        if finished.ok:
            return finished
        if _not_found(finished):
            return None
        raise DraftError(chart_errors.explain(finished.stderr, None, target))

    async def _run(
        self,
        target: Target,
        arguments: Sequence[str],
        timeout: float,
        on_line: Callable[[str], None] | None,
    ) -> Finished:
        where = ["--kube-context", target.context, "--namespace", target.namespace]
        environment = {"GOGC": os.environ.get("GOGC", GARBAGE)}
        if target.kubeconfig:
            environment["KUBECONFIG"] = target.kubeconfig
        try:
            return await run(
                [self.path, *arguments, *where],
                environment=environment,
                timeout=timeout,
                on_line=_lines(on_line),
            )
        except TimeoutError as error:
            raise DraftError(
                Problem(
                    "helm-timeout",
                    f"Helm did not finish {arguments[0]} of {target.release!r} within {timeout:.0f} s.",
                    Stage.RELEASE,
                    fix="Look at the chart's hooks, or raise timeout in draft.toml.",
                )
            ) from error
        except FileNotFoundError as error:
            raise DraftError(_missing(str(self.path))) from error


_CONFLICT = re.compile(r"conflicts? with \"(?P<manager>[^\"]+)\"")


def _locate(named: str, path: str | None) -> tuple[str, int] | None:
    """Where a program is, and when it was last changed."""
    found = shutil.which(named, path=path)
    return (found, Path(found).stat().st_mtime_ns) if found else None


async def _probe(path: str) -> tuple[int, ...]:
    try:
        finished = await run([path, "version", "--template", "{{.Version}}"], timeout=READ_TIMEOUT)
    except (OSError, TimeoutError) as error:
        raise DraftError(_unusable(path, str(error))) from error
    match = re.search(r"v(\d+)\.(\d+)\.(\d+)", finished.stdout)
    if not finished.ok or match is None:
        raise DraftError(_unusable(path, "\n".join(finished.tail(3))))
    version = tuple(int(part) for part in match.groups())
    if version[0] not in {3, 4}:
        raise DraftError(_unusable(path, f"It is version {match[0]}."))
    return version


def _missing(named: str) -> Problem:
    return Problem(
        "helm-missing",
        f"Helm is not installed: there is no program {named!r} on PATH.",
        Stage.RELEASE,
        fix="Install Helm 3 or 4 (https://helm.sh/docs/intro/install: brew install helm, winget install "
        "Helm.Helm, …), or set HELM to where it is.",
    )


def _unusable(path: str, cause: str) -> Problem:
    return Problem(
        "helm-unusable", f"{path} is no Helm 3 or 4.", Stage.RELEASE, cause=cause, fix="Install Helm 3 or 4."
    )


def _killed(target: Target, verb: str, number: int) -> Problem:
    return Problem(
        "helm-killed",
        f"Helm was killed in the middle of its {verb} of {target.release!r}.",
        Stage.RELEASE,
        cause=signal.strsignal(number) or f"signal {number}",
        fix="Deploy again: the release is repaired first. If the system killed it, free some memory.",
    )


def _gone(target: Target) -> Problem:
    return Problem(
        "release-missing",
        f"There is no release {target.release!r} in namespace {target.namespace!r}.",
        Stage.RELEASE,
    )


async def _uninterrupted(write: Coroutine[Any, Any, T]) -> T:
    """Let a write end even if the caller is cancelled, then tell the caller."""
    task = asyncio.create_task(write)
    _unfinished.add(task)
    task.add_done_callback(_unfinished.discard)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        if not task.done():
            _log.info("cancelled in a Helm write: letting it end")
            await asyncio.wait([task])
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.info("the Helm write ended after cancellation: %s", error)
        raise


@contextlib.contextmanager
def _values_file(values: Mapping[str, Any]) -> Generator[Path]:
    """Values as a file that only we can read; JSON is YAML."""
    with tempfile.TemporaryDirectory(prefix="draft-") as folder:
        path = Path(folder) / "values.json"
        path.write_text(json.dumps(values), encoding="utf-8")
        yield path


def _lines(on_line: Callable[[str], None] | None) -> Callable[[str, str], None] | None:
    """Only what Helm says to people: its standard output is JSON."""
    if on_line is None:
        return None

    def tell(stream: str, text: str) -> None:
        if stream == "stderr" and text.strip():
            on_line(text)

    return tell


def _not_found(finished: Finished) -> bool:
    return "release: not found" in finished.stderr


def _release(data: dict[str, Any]) -> Release:
    info: dict[str, Any] = data.get("info") or {}
    return Release(
        name=data["name"],
        namespace=data.get("namespace", ""),
        revision=data["version"],
        status=info.get("status", ""),
        manifest=data.get("manifest", ""),
        notes=info.get("notes", ""),
        installed=data["version"] == 1,
    )


def _age(updated: str) -> float:
    """Seconds since a time as Helm writes it; infinite if it cannot be read."""
    try:
        moment = datetime.fromisoformat(re.sub(r"(\.\d{1,6})\d*", r"\1", updated))
    except ValueError:
        return float("inf")
    return (datetime.now(UTC) - moment).total_seconds()
