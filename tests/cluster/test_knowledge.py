"""What is known of a cluster in use: its namespaces, and its own schemas, against which charts are held."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from draft_ls.deploy.model import Target
from draft_ls.deploy.schemas import faults
from draft_ls.engine.chart_check import chart_texts, check_charts
from draft_ls.engine.knowledge import Knowledge
from draft_ls.engine.tools import Tools
from draft_ls.files import MemoryTree
from tests.unit.analysis.broken import project

if TYPE_CHECKING:
    from pathlib import Path

    from draft_ls.deploy.cluster_schemas import ClusterSchemas
    from ground import RealCluster


async def known(knowledge: Knowledge, context: str) -> ClusterSchemas:
    async with asyncio.timeout(60):
        while (schemas := knowledge.schemas(context)) is None:
            await asyncio.sleep(0.05)
        return schemas


async def test_namespaces_and_schemas_of_the_cluster_in_use(
    cluster: RealCluster, namespace: str, tmp_path: Path
) -> None:
    tools = Tools(tmp_path)
    knowledge = Knowledge(tools)
    try:
        assert knowledge.namespaces() == (), "no cluster is in use"
        await tools.cluster(Target(cluster.context, namespace, "x"))
        assert knowledge.namespaces() == (), "nobody waits"
        schemas = await known(knowledge, cluster.context)
        assert {"default", namespace} <= set(knowledge.namespaces())
        spec = {"ports": [{"port": 80, "targetPort": "http", "protocol": None}], "tpye": "x"}
        service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x"}, "spec": spec}
        assert [(each.path, each.key) for each in faults(service, schemas)] == [(("spec",), "tpye")]
        assert list(faults({"apiVersion": "example.com/v1", "kind": "Own"}, schemas)) == []
        texts = chart_texts(MemoryTree(project("python"), tmp_path))
        assert await check_charts(texts, schemas) == (), (
            "what draft create writes is right for this cluster too"
        )
        wrong = dict(project("python"))
        wrong["chart/values.yaml"] = wrong["chart/values.yaml"].replace(
            "replicaCount: 1", "replicaCount: many"
        )
        (problem,) = await check_charts(chart_texts(MemoryTree(wrong, tmp_path)), schemas)
        assert problem.code == "chart-object-invalid"
        assert problem.place is not None
        assert problem.place.path.name == "values.yaml"
    finally:
        await knowledge.close()
        await tools.close()
