"""Who builds a target's image: Docker on this machine, or the builder in the cluster."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from draft_ls.config.model import Builder
from draft_ls.errors import DraftError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from draft_ls.build.builder import ImageBuilder
    from draft_ls.build.incluster.builder import ClusterBuilder
    from draft_ls.cluster.client import Cluster
    from draft_ls.deploy.model import Target as ReleaseTarget
    from draft_ls.engine.model import Ask
    from draft_ls.engine.target import Target
    from draft_ls.engine.tools import Tools

    Maker = ImageBuilder | ClusterBuilder

logger = logging.getLogger(__name__)


async def choose_maker(
    tools: Tools,
    target: Target,
    place: ReleaseTarget,
    opening: Callable[[], Awaitable[Cluster]],
    ask: Ask,
) -> Maker:
    """Who builds for a target.

    ``auto`` takes Docker where it answers, else the builder of the cluster where there are one and a registry.

    Args:
        tools: Docker, clusters.
        target: what is to be built.
        place: where it is deployed.
        opening: gives the cluster's connection, once it is open; asked for only if the cluster builds.
        ask: puts a question to the person.

    Raises:
        DraftError: the cluster is to build, and there is no builder or no registry; the latter is placed where
            ``registry`` would stand.
    """
    environment = target.environment
    if environment.builder is Builder.CLUSTER:
        return await _in_cluster(tools, target, place, opening, ask)
    if environment.builder is Builder.AUTO and environment.registry and not await tools.builder.answers():
        try:
            return await _in_cluster(tools, target, place, opening, ask)
        except DraftError as error:
            if error.problem.code != "builder-missing":
                raise
            logger.info("no builder in the cluster stands in for Docker")
    return tools.builder


async def _in_cluster(
    tools: Tools, target: Target, place: ReleaseTarget, opening: Callable[[], Awaitable[Cluster]], ask: Ask
) -> ClusterBuilder:
    from draft_ls.build.incluster.troubles import needs_registry
    from draft_ls.engine.builder_credentials import missing, offer

    environment = target.environment
    registry, secret = environment.registry, environment.registry_secret
    if not registry:
        where = target.config.place(target.environment.key, "registry")
        raise DraftError(replace(needs_registry(), place=where))
    cluster = await opening()
    found = tools.cluster_builder(cluster, place, secret)
    await found.find()
    if "registry_secret" in environment.spans:
        problem = await missing(cluster, place.namespace, secret)
        if problem is not None:
            raise DraftError(replace(problem, place=target.config.place(environment.key, "registry_secret")))
    else:
        await offer(cluster, place.namespace, registry, ask, tools.declined)
    return found
