"""The keys of an environment in draft.toml: one table for reading, JSON schema and docs."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from draft_ls.config.model import Builder, SyncMode

if TYPE_CHECKING:
    from collections.abc import Iterable

ENVIRONMENTS = "environments"
"""The one table of draft.toml; each table in it is an environment."""

LONGEST_WAIT = 86_400
"""The longest time that ``timeout`` and ``watch_delay`` may ask for: a day, in seconds."""


class Kind(StrEnum):
    """What a key's value is. ``values.py`` reads each kind; ``publish.py`` describes it to editors."""

    NAME = "name"
    NAMESPACE = "namespace"
    CONTEXTS = "contexts"
    REGISTRY = "registry"
    CREDENTIALS = "credentials"
    BUILDER = "builder"
    PATH = "path"
    PATHS = "paths"
    ABOVE = "above"
    VARIABLES = "variables"
    PLATFORMS = "platforms"
    TAGS = "tags"
    ASSIGNMENTS = "assignments"
    FLAG = "flag"
    TIMEOUT = "timeout"
    DELAY = "delay"
    PORTS = "ports"
    SYNC = "sync"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class Key:
    """One key of an environment.

    Attributes:
        name: its canonical, snake_case spelling.
        kind: what its value is.
        type: the type as people read it.
        default: the default as people read it.
        meaning: what it does, one or two sentences of Markdown.
        example: a good value, as TOML.
        old_names: names it had in Draft ≤ 0.16, snake_case; still accepted.
        attribute: the field of ``Environment`` that carries it; none for an ignored key.
    """

    name: str
    kind: Kind
    type: str
    default: str
    meaning: str
    example: str
    old_names: tuple[str, ...] = ()
    attribute: str | None = None

    @property
    def kebab(self) -> str:
        """The spelling of Draft ≤ 0.16."""
        return self.name.replace("_", "-")


BUILDERS = tuple(each.value for each in Builder)
SYNC_MODES = tuple(each.value for each in SyncMode)
SYNC_KEYS = ("mode", "exclude", "restart")


KEYS = (
    Key(
        "name", Kind.NAME, "string", "the folder's name, made a DNS label",
        "The name of the Helm release: at most 53 lower-case letters, digits and `-`.",
        '"example-python"',
    ),
    Key(
        "namespace", Kind.NAMESPACE, "string", '`"default"`',
        "The Kubernetes namespace; it is created if it does not exist.",
        '"default"',
    ),
    Key(
        "context", Kind.CONTEXTS, "string or list of strings", "the current context",
        "The kube contexts that this environment may be deployed to. The context is resolved once, shown, "
        "and passed explicitly to every call. A list means: the current context, if it is one of these.",
        '"kind-dev"', attribute="contexts",
    ),
    Key(
        "registry", Kind.REGISTRY, "string", "none",
        "Where images are pushed: host, optional port, optional path, without a scheme. Without a registry, "
        "images go straight into a local cluster.",
        '"127.0.0.1:5000"',
    ),
    Key(
        "registry_secret", Kind.CREDENTIALS, "string", '`"draft-registry"`',
        "The secret with the credentials that the builder in the cluster pushes with: in `namespace`, of the type "
        "`kubernetes.io/dockerconfigjson`. Docker on this machine takes its own.",
        '"regcred"',
    ),
    Key(
        "builder", Kind.BUILDER, '`"auto"`, `"docker"`, `"buildkit"` or `"cluster"`', '`"auto"`',
        "Who builds the image. `auto` takes BuildKit where there is one, else the Docker Engine's own builder; "
        "without Docker, the builder in the cluster that `draft init` installs, if there are one and a "
        "`registry`. `cluster` always takes that one.",
        '"auto"', old_names=("container_builder",),
    ),
    Key(
        "build_context", Kind.ABOVE, "path", '`"."`',
        "The folder whose files go into the image, relative to draft.toml: its own folder, or one above it "
        '(`"../.."`) for an app that needs packages beside it, up to the root of the repository.',
        '"../.."',
    ),
    Key(
        "dockerfile", Kind.PATH, "path", '`"Dockerfile"`',
        "The Dockerfile, relative to draft.toml.",
        '"Dockerfile"',
    ),
    Key(
        "chart", Kind.PATH, "path", '`"chart"`',
        "The folder of the Helm chart, relative to draft.toml.",
        '"chart"',
    ),
    Key(
        "image_build_args", Kind.VARIABLES, "table of strings", "`{}`",
        "Build arguments: the values of `ARG` in the Dockerfile.",
        '{ PYTHON_VERSION = "3.13" }',
    ),
    Key(
        "platforms", Kind.PLATFORMS, "list of strings", "`[]`",
        "The platforms to build for, as `os/architecture`; none means the one that the builder runs on.",
        '["linux/amd64", "linux/arm64"]',
    ),
    Key(
        "custom_tags", Kind.TAGS, "list of strings", "`[]`",
        "More tags to push. The chart always uses the tag that is made from the content.",
        '["latest"]',
    ),
    Key(
        "set", Kind.ASSIGNMENTS, "list of strings `key=value`", "`[]`",
        "Values for the chart, as Helm's `--set` takes them.",
        '["replicaCount=2"]',
    ),
    Key(
        "values", Kind.PATHS, "list of paths", "`[]`",
        "Values files for the chart, as Helm's `-f` takes them, relative to draft.toml; the last one wins.",
        '["values.development.yaml"]',
    ),
    Key(
        "wait", Kind.FLAG, "boolean", "`true`",
        "Wait until the new version's pods are ready, and tell why when they are not.",
        "true",
    ),
    Key(
        "timeout", Kind.TIMEOUT, "seconds", "`300`",
        "How long the rollout may take.",
        "300",
    ),
    Key(
        "watch", Kind.FLAG, "boolean", "`true`",
        "Redeploy when a file changes.",
        "true",
    ),
    Key(
        "watch_delay", Kind.DELAY, "seconds", "`2`",
        "How long the disk must be quiet before a change that comes from disk is deployed. A save in the "
        "editor does not wait.",
        "2",
    ),
    Key(
        "override_ports", Kind.PORTS, "list of strings `local:remote`", "`[]`",
        "Fixed local ports for ports of the container.",
        '["8080:80"]',
    ),
    Key(
        "auto_connect", Kind.FLAG, "boolean", "`true`",
        "Open the way to the app as soon as it is live.",
        "true",
    ),
    Key(
        "sync", Kind.SYNC, '`"auto"`, `"off"` or a table', '`"auto"`',
        "Whether changed files may be copied into the running container instead of building. As a table: "
        "`mode` (`\"auto\"` or `\"off\"`), `exclude` (patterns of files that are always built), `restart` "
        "(patterns of files that restart the process), both in `.gitignore` syntax.",
        '{ mode = "auto", exclude = ["*.lock"], restart = ["*.py"] }',
    ),
    Key(
        "build_tar", Kind.PATH, "path", "none",
        "A ready-made tar archive of the build context, used instead of the folder.",
        '"build.tar.gz"',
    ),
    Key(
        "chart_tar", Kind.PATH, "path", "none",
        "A ready-made chart archive, used instead of `chart`.",
        '"chart.tgz"',
    ),
    Key(
        "resource_group_name", Kind.IGNORED, "string", "none",
        "Accepted and ignored: Draft ≤ 0.16 used it for builds in Azure Container Registry.",
        '"my-group"',
    ),
)  # fmt: skip
"""Every key, in the order in which the docs show them."""

BY_SPELLING = {
    spelling: key
    for key in KEYS
    for name in (key.name, *key.old_names)
    for spelling in (name, name.replace("_", "-"))
}
"""Every accepted spelling → its key."""


def nearest(text: str, known: Iterable[str]) -> str | None:
    """The one of ``known`` that ``text`` was most likely meant to be; none if nothing comes close."""
    spellings = list(known)
    same = text.lower().replace("-", "_")
    for each in spellings:
        if each.lower().replace("-", "_") == same:
            return each
    found = difflib.get_close_matches(same, spellings, n=1, cutoff=0.6)
    return found[0] if found else None


def nearest_key(text: str) -> str | None:
    """The canonical key that ``text`` was most likely meant to be."""
    found = nearest(text, [spelling for spelling in BY_SPELLING if "-" not in spelling])
    return BY_SPELLING[found].name if found else None
