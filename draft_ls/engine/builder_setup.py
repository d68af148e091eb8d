"""``draft init``: installs, upgrades, looks at and removes the builder in the cluster."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import draft_ls
from draft_ls.build.incluster.place import (
    ENGINES,
    LABELS,
    NAMESPACE,
    NAMESPACE_VARIABLE,
    PROTOCOL,
    RELEASE,
    find,
    ready_pod,
)
from draft_ls.build.incluster.troubles import other_version
from draft_ls.cluster import kinds
from draft_ls.cluster.contexts import is_local, load_contexts, resolve
from draft_ls.deploy.model import Target as ReleaseTarget
from draft_ls.engine.model import Check, Question
from draft_ls.engine.place import CANCEL
from draft_ls.errors import DraftError, Problem, Stage
from draft_ls.processes import run

if TYPE_CHECKING:
    from collections.abc import Callable

    from draft_ls.build.incluster.place import Place
    from draft_ls.cluster.client import Cluster
    from draft_ls.cluster.contexts import Context
    from draft_ls.deploy.helm import Helm
    from draft_ls.engine.model import Ask
    from draft_ls.engine.tools import Tools
    from draft_ls.processes import Stream

logger = logging.getLogger(__name__)

PATIENCE = 300.0
"""Seconds until builder and registry must run: their images may have to be pulled first."""

READING = 30.0
"""Seconds for Helm to say what was set."""

LOOK = 5.0
"""Seconds that a check waits for a builder that is on its way."""

TEMPLATE = "builder"
"""The chart's folder in a checkout."""


@dataclass(frozen=True, slots=True)
class BuilderOptions:
    """What ``draft init`` installs. None leaves what is there, or the chart's own value.

    Attributes:
        engine: what builds, one of ``ENGINES``.
        image: the builder's image.
        registry: whether the cluster gets a registry of its own.
        privileged: whether the builder runs as root with every right on its node.
        values: values files for the chart.
        set_values: ``key=value`` for the chart, as ``--set`` takes them.
    """

    engine: str | None = None
    image: str | None = None
    registry: bool | None = None
    privileged: bool | None = None
    values: tuple[Path, ...] = ()
    set_values: tuple[str, ...] = ()


def chart_folder() -> Path:
    """The builder's chart: beside the code in a wheel, beside the package in a checkout."""
    package = Path(draft_ls.__file__).resolve().parent
    shipped = package / f"_{TEMPLATE}"
    return shipped if shipped.is_dir() else package.parent / TEMPLATE


class BuilderSetup:
    """The builder of one cluster.

    Args:
        tools: Helm, clusters.
        ask: puts a question to the person.
        contexts: the kube contexts that are allowed; the current one if none are named.
        namespace: where the builder is, or is to be; the usual one if none.
    """

    def __init__(
        self, tools: Tools, ask: Ask, contexts: tuple[str, ...] = (), namespace: str | None = None
    ) -> None:
        self._tools = tools
        self._ask = ask
        self._contexts = contexts
        self._namespace = namespace or os.environ.get(NAMESPACE_VARIABLE) or NAMESPACE

    async def install(
        self, options: BuilderOptions, on_line: Callable[[Stream, str], None], *, upgrade: bool = False
    ) -> tuple[str, ...]:
        """Install the builder, or upgrade the one that is there, and see it run.

        What was set by an earlier install stays unless it is set anew.

        Args:
            options: what is set.
            on_line: gets the output of Helm and of the rollout.
            upgrade: only one that is there.

        Returns:
            The addresses of the cluster's own registry, as draft.toml would name them; none without one.

        Raises:
            DraftError: it cannot be installed, does not come up, or was installed by a newer Draft.
        """
        place = await self._confirmed("Install" if not upgrade else "Upgrade")
        cluster = await self._tools.cluster(place)
        found = await find(cluster, (place.namespace,))
        if found is None and upgrade:
            raise DraftError(_not_installed(place))
        if found is not None and found.version.isdecimal() and int(found.version) > PROTOCOL:
            raise DraftError(other_version(place.namespace, found.version, PROTOCOL))
        await cluster.ensure_namespace(place.namespace)
        await self._write(place, cluster, options, on_line)
        return await _registry_addresses(cluster, place.namespace)

    async def _write(
        self,
        place: ReleaseTarget,
        cluster: Cluster,
        options: BuilderOptions,
        on_line: Callable[[Stream, str], None],
    ) -> None:
        from draft_ls.deploy.rollout import follow

        def tell(text: str) -> None:
            on_line("stdout", text)

        helm = await self._tools.helm()
        with tempfile.TemporaryDirectory(prefix="draft-init-") as scratch:
            before = Path(scratch, "before.json")
            kept = kept_values(await _values(helm, place), options)
            await asyncio.to_thread(before.write_text, json.dumps(kept), "utf-8")
            await helm.repair(place, on_line=tell)
            release = await helm.upgrade(
                place,
                chart_folder(),
                injected=_injected(options),
                values=(before, *options.values),
                set_values=options.set_values,
                timeout=PATIENCE,
                on_line=tell,
            )
        await follow(cluster, release, timeout=PATIENCE, on_line=tell)

    async def remove(self, on_line: Callable[[Stream, str], None]) -> None:
        """Uninstall the builder with its volumes. The namespace stays, in case something else lives there.

        Raises:
            DraftError: there is none (``builder-missing``), or it cannot be removed.
        """
        place = await self._confirmed("Remove")
        helm = await self._tools.helm()
        if not await helm.uninstall(place, on_line=lambda text: on_line("stdout", text)):
            raise DraftError(_not_installed(place))

    async def check(self) -> tuple[Check, ...]:
        """What of the builder is there, and what is missing. Never raises for what it finds."""
        try:
            place, _ = await self._place()
            cluster = await self._tools.cluster(place)
            found = await find(cluster, (place.namespace,))
            if found is None:
                problem = _not_installed(place)
                missing = Check("Builder", ok=False, seen=problem.message, fix=problem.fix)
                return (missing, await _rights(cluster, place.namespace))
            return await checks(cluster, found)
        except DraftError as error:
            return (_failed("Builder", error),)

    async def _confirmed(self, what: str) -> ReleaseTarget:
        """The builder's release, in a context that is of this machine, was named, or is confirmed."""
        place, context = await self._place()
        if not self._contexts and not is_local(context):
            question = Question(
                f"{what} the builder in namespace {place.namespace} of the kube context {context.name} "
                f"({context.server})? It is not on this machine.",
                (what, CANCEL),
            )
            if await self._ask(question) != what:
                raise DraftError(_not_confirmed(context.name))
        return place

    async def _place(self) -> tuple[ReleaseTarget, Context]:
        contexts = await asyncio.to_thread(load_contexts)
        name = resolve(contexts, self._contexts)
        place = ReleaseTarget(name, self._namespace, RELEASE, contexts.kubeconfig)
        return place, contexts.by_name[name]


async def checks(cluster: Cluster, found: Place) -> tuple[Check, ...]:
    """What the doctor says of a builder that is installed."""
    try:
        pod = await ready_pod(cluster, found, LOOK)
    except DraftError as error:
        return (_failed("Builder", error),)
    manner = "privileged: as root with every right on its node" if found.privileged else "without privileges"
    engine = ENGINES.get(found.engine, found.engine)
    seen = f"{engine}: {found.image} runs as {pod} in namespace {found.namespace}, {manner}"
    may = await cluster.can_i("create", kinds.PODS, found.namespace, subresource="exec")
    access = Check(
        "Builder access",
        ok=may,
        seen=f"you may {'' if may else 'not '}run programs in namespace {found.namespace}",
        fix=f"Ask an administrator for the role {RELEASE}-user there: `users` of the builder's chart.",
    )
    addresses = await _registry_addresses(cluster, found.namespace)
    registry = Check("Builder registry", ok=True, seen=f"the nodes pull from {' or '.join(addresses)}")
    return (Check("Builder", ok=True, seen=seen), access, *((registry,) if addresses else ()))


async def _registry_addresses(cluster: Cluster, namespace: str) -> tuple[str, ...]:
    """What draft.toml may call the cluster's own registry; none if there is none, or we may not look."""
    labels = LABELS.replace("component=builder", "component=registry")
    try:
        found, _ = await cluster.list(kinds.SERVICES, namespace, labels=labels)
    except DraftError as error:
        logger.info("no look for the builder's registry: %s", error)
        return ()
    ports = [port["nodePort"] for service in found for port in kinds.list_at(service, "spec", "ports")]
    return tuple(f"{host}:{port}" for port in ports for host in ("127.0.0.1", "localhost"))


def kept_values(before: dict[str, Any], options: BuilderOptions) -> dict[str, Any]:
    """What stays of what was set: all, but another engine cannot run the image of the one before."""
    if options.engine in {None, before.get("engine", next(iter(ENGINES)))}:
        return before
    return {name: value for name, value in before.items() if name != "image"}


def _injected(options: BuilderOptions) -> dict[str, Any]:
    injected: dict[str, Any] = {}
    if options.engine is not None:
        injected["engine"] = options.engine
    if options.image is not None:
        injected["image"] = options.image
    if options.privileged is not None:
        injected["privileged"] = options.privileged
    if options.registry is not None:
        injected["registry"] = {"enabled": options.registry}
    return injected


async def _values(helm: Helm, place: ReleaseTarget) -> dict[str, Any]:
    """What was set when the builder was installed or upgraded last; nothing if it was not."""
    where = ("--namespace", place.namespace, "--kube-context", place.context)
    environment = {"KUBECONFIG": place.kubeconfig} if place.kubeconfig else None
    arguments = (helm.path, "get", "values", place.release, "--output", "json", *where)
    finished = await run(arguments, environment=environment, timeout=READING)
    return (json.loads(finished.stdout) or {}) if finished.ok else {}


async def _rights(cluster: Cluster, namespace: str) -> Check:
    """Whether the person could install it."""
    wanted = (kinds.DEPLOYMENTS, kinds.SERVICES, kinds.SECRETS)
    missing = [kind.plural for kind in wanted if not await cluster.can_i("create", kind, namespace)]
    seen = f"you may not create {', '.join(missing)} there" if missing else "you may install it"
    fix = "Name a namespace of your own with --namespace, or ask an administrator."
    return Check("Builder installation", ok=not missing, seen=seen, fix=fix)


def _not_installed(place: ReleaseTarget) -> Problem:
    return Problem(
        "builder-missing",
        f"There is no builder in namespace {place.namespace} of {place.context}.",
        Stage.BUILD,
        fix="`draft init` installs it.",
    )


def _not_confirmed(context: str) -> Problem:
    return Problem(
        "context-not-confirmed",
        f"The kube context {context} was not confirmed.",
        Stage.BUILD,
        fix=f"Confirm it, or name it: `--context {context}`.",
    )


def _failed(name: str, error: DraftError) -> Check:
    problem = error.problem
    return Check(name, ok=False, seen=f"{problem.message} {problem.cause}".strip(), fix=problem.fix)
