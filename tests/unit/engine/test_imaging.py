"""How images get to the nodes, where only a kubelet's old list can tell."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from draft_ls.build.delivery import no_way
from draft_ls.build.model import Delivery, NodeFacts
from draft_ls.engine import imaging
from draft_ls.errors import DraftError

DOCKER = "docker://20.10.24"


class Builder:
    """Says that there is no way until it has been asked a number of times."""

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals

    async def choose_delivery(self, registry: str | None, context: str, nodes: object) -> Delivery:
        del registry, nodes
        self.refusals -= 1
        if self.refusals >= 0:
            raise DraftError(no_way(context))
        return Delivery.SHARED


async def way(monkeypatch: pytest.MonkeyPatch, builder: Builder, node: NodeFacts) -> imaging.Way:
    async def facts(_: object) -> tuple[NodeFacts, ...]:
        return (node,)

    async def cluster() -> Any:
        return None

    monkeypatch.setattr(imaging, "node_facts", facts)
    monkeypatch.setattr(imaging, "LOOK_AGAIN", 0.0)
    environment = SimpleNamespace(registry=None, key="development")
    config = SimpleNamespace(place=lambda *_: None)
    target = SimpleNamespace(environment=environment, config=config)
    place = SimpleNamespace(context="here")
    return await imaging.find_way(
        cast("Any", SimpleNamespace(builder=builder)), cast("Any", target), cast("Any", place), cluster
    )


async def test_a_kubelet_that_has_not_looked_at_its_images_lately_is_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    builder = Builder(refusals=2)
    assert (await way(monkeypatch, builder, NodeFacts("node", DOCKER))).delivery is Delivery.SHARED


@pytest.mark.parametrize(
    "node",
    [NodeFacts("node", DOCKER, pods=("uid",)), NodeFacts("node", "containerd://2.1")],
    ids=["pods tell", "another runtime"],
)
async def test_a_node_that_is_known_for_sure_is_asked_once(
    monkeypatch: pytest.MonkeyPatch, node: NodeFacts
) -> None:
    builder = Builder(refusals=1)
    with pytest.raises(DraftError, match="without a registry"):
        await way(monkeypatch, builder, node)
    assert builder.refusals == 0


async def test_it_is_not_asked_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imaging, "IMAGES_STALE", -1.0)
    with pytest.raises(DraftError, match="without a registry"):
        await way(monkeypatch, Builder(refusals=9), NodeFacts("node", DOCKER))
