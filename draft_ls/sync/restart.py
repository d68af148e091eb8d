"""Whether the app must be started again to show a changed file. Pure.

A restart takes a tenth of a second and is always right, so it is left out only for programs that read files
anew for each request, or that watch them and would take far longer to start. Apps that restart themselves
(nodemon, ``flask --debug``, ``uvicorn --reload``) are restarted all the same: we are faster, and sure.
"""

from __future__ import annotations

import fnmatch
import json
import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from draft_ls.dockerfile.settings import lineage, settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from draft_ls.dockerfile.model import Dockerfile
    from draft_ls.files import Tree


@dataclass(frozen=True, slots=True)
class SyncRules:
    """What a pack or a person knows about an app.

    Attributes:
        live: patterns of files, relative to the app, that it reads anew for each request: no restart.
        restart: false if the app takes every new file by itself.
    """

    live: tuple[str, ...] = ()
    restart: bool = True


_FILE_SERVERS = re.compile(r"(?:.*/)?(?:nginx(?:-unprivileged)?|httpd|caddy|lighttpd)(?:[:@].*)?")
_SERVER_CONFIGURATION = (
    "*.conf",
    "Caddyfile*",
    "*.template",
    "mime.types",
    "*.caddy",
    "*.sh",
    "*.lua",
    "*.njs",
)

_WATCHERS = (
    r"vite(?:\s+(?:dev|serve)\b|\s+-|\s*$)",
    r"(?:next|nuxt|nuxi|astro|remix|react-router|svelte-kit|vinxi|rsbuild|rspack)\s+dev\b",
    r"(?:react-scripts|react-app-rewired|craco)\s+start\b",
    r"(?:vue-cli-service|ng|webpack|docusaurus|eleventy|parcel)\s+(?:serve|start)\b",
    r"webpack-dev-server\b",
    r"gatsby\s+develop\b",
    r"ng\s+serve\b",
    r"(?:serve|http-server|live-server)\b(?:\s|$)",
    r"php\s+.*-S\b",
    r"python[\d.]*\s+-m\s+http\.server\b",
)
_WATCHING = re.compile(
    rf"(?:^|[\s/&;])(?:npx\s+|bunx\s+|pnpm\s+(?:exec\s+)?|yarn\s+)?(?:{'|'.join(_WATCHERS)})"
)
_SCRIPT = re.compile(r"(?:^|\s)(?:npm|pnpm|yarn|bun)\s+(?:run\s+|run-script\s+)?([\w:.-]+)")


def needs_restart(
    dockerfile: Dockerfile, sources: Sequence[str], rules: SyncRules, tree: Tree | None = None
) -> bool:
    """Whether files of the context, once synced, show only after a restart."""
    if not rules.restart or takes_by_itself(dockerfile, tree):
        return any(_configures(source) for source in sources)
    return not all(any(_matches(source, pattern) for pattern in rules.live) for source in sources)


def takes_by_itself(dockerfile: Dockerfile, tree: Tree | None = None) -> bool:
    """Whether what the image runs reads files anew for each request, or watches them."""
    final = dockerfile.final
    if final is None:
        return False
    sets = settings(dockerfile, final)
    runs = [
        *(sets.entrypoint.arguments if sets.entrypoint else ()),
        *(sets.command.arguments if sets.command else ()),
    ]
    if not runs:
        return _FILE_SERVERS.fullmatch(lineage(dockerfile, final)[0].base) is not None
    program = posixpath.basename(runs[0])
    if program in ("nginx", "httpd", "httpd-foreground", "caddy", "lighttpd"):
        return True
    return _WATCHING.search(_resolved(" ".join(runs), tree)) is not None


def _resolved(line: str, tree: Tree | None, depth: int = 3) -> str:
    """A command line with ``npm run dev`` replaced by what package.json says it is."""
    match = _SCRIPT.search(line)
    text = tree.read("package.json") if match and tree and depth else None
    if match is None or text is None:
        return line
    try:
        manifest: Any = json.loads(text)
        script = str(manifest["scripts"][match[1]])
    except (ValueError, KeyError, TypeError):
        return line
    return _resolved(script, tree, depth - 1)


def _configures(source: str) -> bool:
    name = posixpath.basename(source)
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in _SERVER_CONFIGURATION) or bool(
        re.match(r"(?:vite|next|nuxt|astro|webpack|vue|svelte|angular|remix|gatsby|\.env).*", name)
        and re.search(r"config|\.env|gatsby-", name)
    )


def _matches(source: str, pattern: str) -> bool:
    if pattern.endswith("/**"):
        return source.startswith(pattern[:-2])
    return fnmatch.fnmatchcase(source, pattern) or fnmatch.fnmatchcase(posixpath.basename(source), pattern)
