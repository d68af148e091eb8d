"""Registry credentials for the builder in the cluster: a secret in the person's own namespace.

The one that draft.toml names must be there. Where it names none, the one of the usual name is used; where that is
missing too and Docker's configuration knows the registry, the person is asked once whether these may be kept there.
See docs/security.md.
"""

from __future__ import annotations

import asyncio
import json
import logging
from base64 import b64encode
from typing import TYPE_CHECKING

from draft_ls.cluster.kinds import SECRETS, mapping_at
from draft_ls.engine.model import Question
from draft_ls.errors import DraftError

if TYPE_CHECKING:
    from draft_ls.cluster.client import Cluster
    from draft_ls.cluster.kinds import Object
    from draft_ls.engine.model import Ask
    from draft_ls.errors import Problem

logger = logging.getLogger(__name__)

KEEP = "Keep Them There"
WITHOUT = "Push Without Credentials"

DOCKER_HUB_KEY = "https://index.docker.io/v1/"
"""What Docker Hub is called among stored credentials."""


async def offer(
    cluster: Cluster, namespace: str, registry: str, ask: Ask, declined: set[tuple[str, str, str]]
) -> None:
    """See that the builder has credentials for a registry, as far as there are any and the person agrees.

    Args:
        cluster: where.
        namespace: the app's.
        registry: as draft.toml has it.
        ask: puts the question.
        declined: where the person has said no; what is in it is not asked again.
    """
    from draft_ls.build.credentials import DOCKER_HUB, login_of, registry_of
    from draft_ls.config.model import REGISTRY_SECRET

    host = registry_of(f"{registry}/app")
    where = (cluster.context, namespace, host)
    if where in declined or await cluster.find(SECRETS, REGISTRY_SECRET, namespace) is not None:
        return
    try:
        login = await asyncio.to_thread(login_of, host)
    except DraftError as error:
        logger.info("no credentials for the builder: %s", error)
        return
    if login is None:
        return
    question = Question(
        f"The builder in the cluster needs credentials to push to {host}. Keep those of Docker's configuration "
        f"as the secret {REGISTRY_SECRET} in namespace {namespace} of {cluster.context}? Who may read secrets there "
        "can read them.",
        (KEEP, WITHOUT),
    )
    if await ask(question) == KEEP:
        key = DOCKER_HUB_KEY if host == DOCKER_HUB else host
        await cluster.create(SECRETS, _secret(REGISTRY_SECRET, key, *login), namespace)
    else:
        declined.add(where)


async def missing(cluster: Cluster, namespace: str, secret: str) -> Problem | None:
    """Why the builder cannot push with a secret that somebody has chosen; none if it can be tried."""
    from draft_ls.build.incluster.builder import CREDENTIALS_KEY
    from draft_ls.build.incluster.troubles import secret_missing

    found = await cluster.find(SECRETS, secret, namespace)
    if CREDENTIALS_KEY in mapping_at(found or {}, "data"):
        return None
    return secret_missing(secret, namespace, unsuitable=found is not None)


def _secret(name: str, registry: str, user: str, password: str) -> Object:
    from draft_ls.build.incluster.builder import CREDENTIALS_KEY, CREDENTIALS_TYPE

    token = b64encode(f"{user}:{password}".encode()).decode("ascii")
    document = json.dumps({"auths": {registry: {"auth": token}}})
    return {
        "apiVersion": "v1",
        "kind": SECRETS.name,
        "type": CREDENTIALS_TYPE,
        "metadata": {"name": name, "labels": {"app.kubernetes.io/managed-by": "draft"}},
        "data": {CREDENTIALS_KEY: b64encode(document.encode()).decode("ascii")},
    }
