"""Whether the app must be started again to show a changed file. Pure.

A restart takes a tenth of a second and is always right. It is left out for programs that read files anew for each
request, for those that watch them and would take far longer to start, and for files of which a pack says that
they are read anew. Apps that restart themselves (nodemon, ``flask --debug``, ``uvicorn --reload``) are restarted all
the same: we are faster, and sure; their own watchers miss files that are replaced by rename.
"""

from __future__ import annotations

import fnmatch
import json
import posixpath
import re
from typing import TYPE_CHECKING, Any

from draft_ls.dockerfile.settings import lineage, settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from draft_ls.dockerfile.model import Dockerfile
    from draft_ls.files import Tree
    from draft_ls.scaffold.model import SyncRules

_FILE_SERVERS = re.compile(r"(?:.*/)?(?:nginx(?:-unprivileged)?|httpd|caddy|lighttpd)(?:[:@].*)?")
_SERVER_CONFIGURATION = (
    "*.conf",
    "*.ini",
    "Caddyfile*",
    "*.template",
    "mime.types",
    "*.caddy",
    "*.sh",
    "*.lua",
    "*.njs",
)

_SERVERS = frozenset(("nginx", "httpd", "httpd-foreground", "caddy", "lighttpd"))
_COMMAND = (
    r"(?:^|(?:&&|;|\|\||\s-c)\s*)(?:exec\s+)?(?:cross-env\s+)?(?:\w+=\S*\s+)*"
    r"(?:(?:npx|bunx|pnpm|pnpm\s+exec|yarn|(?:bundle|pnpm|npm)\s+exec|(?:poetry|uv|pipenv)\s+run)\s+)?(?:\S*/)?"
)
"""Before the name of a program that a command line runs; an argument may have the same name."""
_PHP = re.compile(
    rf"{_COMMAND}(?:apache2-foreground|php-fpm[\d.]*|php\s+(?:\S+\s+)*?-S|php\s+artisan\s+serve)(?:\s|$)"
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
    r"python[\d.]*\s+-m\s+http\.server\b",
)
_WATCHING = re.compile(rf"{_COMMAND}(?:{'|'.join(_WATCHERS)})")
_SCRIPT = re.compile(r"(?:^|\s)(?:npm|pnpm|yarn|bun)\s+(?:run\s+|run-script\s+)?([\w:.-]+)")


def needs_restart(
    dockerfile: Dockerfile, sources: Sequence[str], rules: SyncRules, tree: Tree | None = None, app: str = ""
) -> bool:
    """Whether files of the context, once synced, show only after a restart; ``app`` is the app's folder in it."""
    line = _command_line(dockerfile, tree, posixpath.join(app, "package.json"))
    if _PHP.search(line):
        return any(_is_php(source) or _configures(source) for source in sources)
    if _takes_by_itself(dockerfile, line, rules.reloads):
        return any(_configures(source) for source in sources)
    return rules.restart is None or first_match(rules.restart, sources, app) is not None


def first_match(patterns: Sequence[str], sources: Sequence[str], app: str = "") -> str | None:
    """The first file that patterns in the syntax of ``.gitignore`` match; none if there is none.

    They are relative to the app's folder for its own files, and to the build context's for others.
    """
    from pathspec import GitIgnoreSpec

    rules = GitIgnoreSpec.from_lines(patterns)
    return next((each for each in sources if rules.match_file(each.removeprefix(f"{app}/"))), None)


def _command_line(dockerfile: Dockerfile, tree: Tree | None, manifest: str) -> str:
    """What the image runs, as far as the Dockerfile says; empty if that is its base image's word."""
    sets = settings(dockerfile)
    runs = [
        *(sets.entrypoint.arguments if sets.entrypoint else ()),
        *(sets.command.arguments if sets.command else ()),
    ]
    return _resolved(" ".join(runs), tree, manifest)


def _takes_by_itself(dockerfile: Dockerfile, line: str, reloads: Sequence[str]) -> bool:
    """Whether what the image runs reads files anew for each request, or watches them."""
    if not line.strip():
        final = dockerfile.final
        return final is not None and _FILE_SERVERS.fullmatch(lineage(dockerfile, final)[0].base) is not None
    if posixpath.basename(line.split(maxsplit=1)[0]) in _SERVERS:
        return True
    return _WATCHING.search(line) is not None or any(_begins(line, each) for each in reloads)


def _begins(line: str, words: str) -> bool:
    """Whether a command of a line begins with these words."""
    wanted = r"\s+".join(re.escape(word) for word in words.split())
    return bool(wanted) and re.search(rf"{_COMMAND}{wanted}(?:\s|$)", line) is not None


def _resolved(line: str, tree: Tree | None, manifest: str, depth: int = 3) -> str:
    """A command line with ``npm run dev`` replaced by what package.json says it is."""
    match = _SCRIPT.search(line)
    text = tree.read(manifest) if match and tree and depth else None
    if match is None or text is None:
        return line
    try:
        document: Any = json.loads(text)
        script = str(document["scripts"][match[1]])
    except (ValueError, KeyError, TypeError):
        return line
    return _resolved(script, tree, manifest, depth - 1)


def _is_php(source: str) -> bool:
    """Whether PHP may keep a file in compiled form and look at it again only after seconds (OPcache)."""
    name = posixpath.basename(source)
    return "." not in name or name.endswith((".php", ".phtml", ".inc", ".module", ".theme"))


def _configures(source: str) -> bool:
    name = posixpath.basename(source)
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in _SERVER_CONFIGURATION) or bool(
        re.match(r"(?:vite|next|nuxt|astro|webpack|vue|svelte|angular|remix|gatsby|\.env).*", name)
        and re.search(r"config|\.env|gatsby-", name)
    )
