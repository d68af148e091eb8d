"""The tools that all sessions share, each opened when it is first needed: Docker, Helm, clusters."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from draft_ls.build.builder import ImageBuilder
    from draft_ls.cluster.client import Cluster
    from draft_ls.deploy.helm import Helm
    from draft_ls.deploy.model import Target

logger = logging.getLogger(__name__)


class Tools:
    """See the module. Importing Docker's and Kubernetes' SDKs waits until somebody deploys."""

    def __init__(self) -> None:
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

    async def close(self) -> None:
        """Give back every connection."""
        if self._builder is not None:
            self._builder.close()
            self._builder = None
        clusters, self._clusters = list(self._clusters.values()), {}
        for cluster in clusters:
            await cluster.close()
