"""The tools that all sessions share, each opened when it is first needed: Docker, Helm, clusters."""

from __future__ import annotations

import asyncio
import logging
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from draft_ls.build.builder import ImageBuilder
    from draft_ls.build.incluster.builder import ClusterBuilder
    from draft_ls.cluster.client import Cluster
    from draft_ls.deploy.helm import Helm
    from draft_ls.deploy.model import Target

logger = logging.getLogger(__name__)


class Tools:
    """See the module. Importing Docker's and Kubernetes' SDKs waits until somebody deploys.

    Args:
        state: the folder for what must survive a restart.
    """

    def __init__(self, state: Path) -> None:
        self.declined: set[tuple[str, str, str]] = set()
        """Context, namespace and registry for which the builder in the cluster gets no credentials."""
        self._state = state
        self._cluster_builders: dict[tuple[str, str | None, str, str], ClusterBuilder] = {}
        self._builder: ImageBuilder | None = None
        self._clusters: dict[tuple[str, str | None], Cluster] = {}
        self._opening = asyncio.Lock()

    @property
    def builder(self) -> ImageBuilder:
        """The image builder; it connects when it is first used."""
        if self._builder is None:
            from draft_ls.build.builder import ImageBuilder

            self._builder = ImageBuilder()
        return self._builder

    def cluster_builder(self, cluster: Cluster, place: Target, secret: str) -> ClusterBuilder:
        """The builder in a release's cluster, whether it is installed or not; it pushes with a secret."""
        from draft_ls.build.incluster.builder import ClusterBuilder

        key = (place.context, place.kubeconfig, place.namespace, secret)
        if key not in self._cluster_builders:
            self._cluster_builders[key] = ClusterBuilder(
                cluster, place.namespace, person(self._state), secret
            )
        return self._cluster_builders[key]

    async def helm(self) -> Helm:
        """Helm. Raises ``DraftError`` if there is none."""
        from draft_ls.deploy.helm import Helm

        return await Helm.find()

    async def cluster(self, place: Target) -> Cluster:
        """The connection to a release's cluster. Raises ``DraftError`` if it cannot be prepared."""
        from draft_ls.cluster.client import Cluster

        key = (place.context, place.kubeconfig)
        async with self._opening:
            if key not in self._clusters:
                self._clusters[key] = await Cluster.open(place.context, place.kubeconfig)
            return self._clusters[key]

    def connected(self) -> tuple[Cluster, ...]:
        """The clusters that something was deployed to or looked at in."""
        return tuple(self._clusters.values())

    async def close(self) -> None:
        """Give back every connection."""
        if self._builder is not None:
            self._builder.close()
            self._builder = None
        self._cluster_builders.clear()
        clusters, self._clusters = list(self._clusters.values()), {}
        for cluster in clusters:
            await cluster.close()


def person(state: Path) -> str:
    """The word by which a builder in a cluster knows this person's sources; made once, at random."""
    file = state / "builder-person"
    try:
        return file.read_text("ascii")
    except OSError:
        word = secrets.token_hex(16)
    try:
        state.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(word, "ascii")
    except OSError as error:
        logger.warning(
            "%s cannot be written; the builder takes each process for another person: %s", file, error
        )
    return word
