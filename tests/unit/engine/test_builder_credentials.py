"""Whose registry credentials the builder in the cluster gets, and that a person is asked first."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any, cast

import pytest

from draft_ls.engine.builder_credentials import KEEP, WITHOUT, missing, offer

if TYPE_CHECKING:
    from pathlib import Path

    from draft_ls.cluster.client import Cluster
    from draft_ls.engine.model import Question


class Secrets:
    """A cluster that has nothing but secrets."""

    context = "dev"

    def __init__(self) -> None:
        self.made: dict[tuple[str | None, str], Any] = {}

    async def find(self, kind: object, name: str, namespace: str | None = None) -> Any:
        del kind
        return self.made.get((namespace, name))

    async def create(self, kind: object, body: Any, namespace: str | None = None) -> Any:
        del kind
        self.made[namespace, body["metadata"]["name"]] = body
        return body


class Asked:
    def __init__(self, answer: str | None) -> None:
        self.answer = answer
        self.questions: list[Question] = []

    async def __call__(self, question: Question) -> str | None:
        self.questions.append(question)
        return self.answer


@pytest.fixture
def logged_in(home: Path) -> None:
    """Docker's configuration knows two registries."""
    auth = b64encode(b"ann:s3cret").decode()
    (home / ".docker").mkdir()
    auths = {"registry.test:5000": {"auth": auth}, "https://index.docker.io/v1/": {"auth": auth}}
    (home / ".docker/config.json").write_text(json.dumps({"auths": auths}))


async def ask(secrets: Secrets, asked: Asked, registry: str, declined: set[tuple[str, str, str]]) -> None:
    await offer(cast("Cluster", secrets), "apps", registry, asked, declined)


@pytest.mark.usefixtures("logged_in")
@pytest.mark.parametrize(
    ("registry", "key"),
    [("registry.test:5000/team", "registry.test:5000"), ("ann", "https://index.docker.io/v1/")],
)
async def test_they_are_kept_in_the_persons_namespace_once_agreed(registry: str, key: str) -> None:
    secrets, asked = Secrets(), Asked(KEEP)
    await ask(secrets, asked, registry, set())
    made = secrets.made["apps", "draft-registry"]
    assert made["type"] == "kubernetes.io/dockerconfigjson"
    document = json.loads(b64decode(made["data"][".dockerconfigjson"]))
    assert b64decode(document["auths"][key]["auth"]) == b"ann:s3cret"
    assert "s3cret" not in asked.questions[0].message
    await ask(secrets, asked, registry, set())
    assert len(asked.questions) == 1


@pytest.mark.usefixtures("logged_in")
@pytest.mark.parametrize("answer", [WITHOUT, None])
async def test_who_says_no_is_not_asked_again(answer: str | None) -> None:
    secrets, asked, declined = Secrets(), Asked(answer), set[tuple[str, str, str]]()
    await ask(secrets, asked, "registry.test:5000/team", declined)
    await ask(secrets, asked, "registry.test:5000/team", declined)
    assert secrets.made == {}
    assert len(asked.questions) == 1


@pytest.mark.usefixtures("logged_in")
async def test_a_registry_without_credentials_asks_nothing() -> None:
    secrets, asked = Secrets(), Asked(KEEP)
    await ask(secrets, asked, "elsewhere.test/team", set())
    assert (secrets.made, asked.questions) == ({}, [])


async def test_a_secret_that_was_chosen_must_hold_credentials() -> None:
    secrets = Secrets()
    cluster = cast("Cluster", secrets)
    problem = await missing(cluster, "apps", "regcred")
    assert problem is not None
    assert "'regcred' in namespace apps" in problem.message
    assert "does not exist" in problem.message
    secrets.made["apps", "regcred"] = {"data": {"password": "eA=="}}
    problem = await missing(cluster, "apps", "regcred")
    assert problem is not None
    assert "holds no registry credentials" in problem.message
    secrets.made["apps", "regcred"] = {"data": {".dockerconfigjson": "e30="}}
    assert await missing(cluster, "apps", "regcred") is None
