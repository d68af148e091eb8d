"""The doctor: looks at everything that an up needs, and says what to do about what is not well."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from draft_ls.config.model import DEFAULT_ENVIRONMENT as NAME
from draft_ls.config.model import AppConfig, Builder, Environment
from draft_ls.engine import reading
from draft_ls.engine.model import Check
from draft_ls.engine.place import find_place
from draft_ls.errors import DraftError

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from draft_ls.deploy.model import Target as ReleaseTarget
    from draft_ls.engine.events import Key
    from draft_ls.engine.tools import Tools

NO_CONFIG = Path("draft.toml")
"""Stands in for the draft.toml of a doctor's visit without an app."""

TIMEOUT = 20.0
"""Seconds for the questions to one tool."""


async def examine(tools: Tools, key: Key | None) -> tuple[Check, ...]:
    """Every check, in the order in which an up needs it.

    Args:
        tools: what to look at.
        key: whose draft.toml says which registry, context and namespace matter; none: the current context.
    """
    config_checks, config, environment = await asyncio.to_thread(_config, key)
    groups = await asyncio.gather(
        _timed("Builder", _builds(tools, config, environment)),
        _timed("Helm", _helm(tools)),
        _timed("Cluster", _cluster(tools, config, environment)),
    )
    return (*config_checks, *(check for group in groups for check in group))


def _config(key: Key | None) -> tuple[tuple[Check, ...], AppConfig | None, Environment | None]:
    if key is None:
        return (), None, None
    try:
        config, environment = reading.read_environment(key)
    except DraftError as error:
        return (_failed("draft.toml", error),), None, None
    seen = f"environment {environment.key}: release {environment.name} in namespace {environment.namespace}"
    return (Check("draft.toml", ok=True, seen=seen),), config, environment


async def _builds(
    tools: Tools, config: AppConfig | None, environment: Environment | None
) -> tuple[Check, ...]:
    """Docker, or the builder in the cluster where that builds: then this machine need not reach the registry."""
    found: tuple[Check, ...] = ()
    if config is not None and environment is not None:
        alone = environment.builder is Builder.CLUSTER
        may = environment.builder is Builder.AUTO and environment.registry
        if alone or (may and not await tools.builder.answers()):
            found = await _cluster_builder(tools, config, environment)
            if alone or all(check.ok for check in found):
                return found
    checks = await tools.builder.checks(environment.registry if environment else None)
    return (*(Check(each.name, each.ok, each.seen, each.fix) for each in checks), *found)


async def _cluster_builder(tools: Tools, config: AppConfig, environment: Environment) -> tuple[Check, ...]:
    from draft_ls.build.incluster.troubles import needs_registry
    from draft_ls.engine.builder_setup import checks

    place, _ = await asyncio.to_thread(find_place, config, environment)
    cluster = await tools.cluster(place)
    try:
        builder = tools.cluster_builder(cluster, place, environment.registry_secret)
        found = await checks(cluster, await builder.find())
    except DraftError as error:
        found = (_failed("Builder", error),)
    if environment.registry:
        return found
    problem = needs_registry()
    return (*found, Check("Registry", ok=False, seen=problem.message, fix=problem.fix))


async def _helm(tools: Tools) -> tuple[Check, ...]:
    helm = await tools.helm()
    version = ".".join(map(str, helm.version))
    return (Check("Helm", ok=True, seen=f"{version} at {helm.path}"),)


async def _cluster(
    tools: Tools, config: AppConfig | None, environment: Environment | None
) -> tuple[Check, ...]:
    place, contexts = await asyncio.to_thread(
        find_place, config or AppConfig(NO_CONFIG, {}), environment or Environment(NAME, NAME)
    )
    context = Check(
        "Kube context", ok=True, seen=f"{place.context} ({contexts.by_name[place.context].server})"
    )
    try:
        cluster = await tools.cluster(place)
        version = await cluster.version()
    except DraftError as error:
        return context, _failed("Cluster", error)
    return (
        context,
        Check("Cluster", ok=True, seen=f"Kubernetes {version.text} answers"),
        *await _permissions(tools, place),
    )


async def _permissions(tools: Tools, place: ReleaseTarget) -> tuple[Check, ...]:
    """What a deploy does in the namespace, asked of the cluster's own access review."""
    from draft_ls.cluster import kinds

    cluster = await tools.cluster(place)
    wanted = (
        ("create", kinds.DEPLOYMENTS, ""),
        ("patch", kinds.DEPLOYMENTS, ""),
        ("create", kinds.SERVICES, ""),
        ("create", kinds.SECRETS, ""),
        ("watch", kinds.PODS, ""),
        ("get", kinds.PODS, "log"),
        ("create", kinds.PODS, "portforward"),
        ("create", kinds.PODS, "exec"),
    )
    try:
        answers = await asyncio.gather(
            *(cluster.can_i(verb, kind, place.namespace, subresource=part) for verb, kind, part in wanted)
        )
    except DraftError as error:
        return (_failed("Permissions", error),)
    missing = [
        f"{verb} {kind.plural}{f'/{part}' if part else ''}"
        for (verb, kind, part), allowed in zip(wanted, answers, strict=True)
        if not allowed
    ]
    if not missing:
        return (
            Check("Permissions", ok=True, seen=f"all that a deploy needs in namespace {place.namespace}"),
        )
    return (
        Check(
            "Permissions",
            ok=False,
            seen=f"not allowed in namespace {place.namespace}: {', '.join(missing)}",
            fix="Ask the cluster's administrator for a role that allows it, such as the built-in `edit`.",
        ),
    )


async def _timed(name: str, checks: Coroutine[None, None, tuple[Check, ...]]) -> tuple[Check, ...]:
    try:
        async with asyncio.timeout(TIMEOUT):
            return await checks
    except TimeoutError:
        return (Check(name, ok=False, seen=f"no answer within {TIMEOUT:.0f} s", fix="Check that it runs."),)
    except DraftError as error:
        return (_failed(name, error),)


def _failed(name: str, error: DraftError) -> Check:
    problem = error.problem
    seen = f"{problem.message} {problem.cause}".strip()
    return Check(name, ok=False, seen=seen, fix=problem.fix)
