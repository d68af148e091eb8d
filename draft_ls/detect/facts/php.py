"""Facts about PHP apps."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from draft_ls.detect.commands import procfile
from draft_ls.detect.documents import lookup, table
from draft_ls.detect.facts import Facts
from draft_ls.detect.model import Fact
from draft_ls.detect.network import scan
from draft_ls.detect.tokens import Signs
from draft_ls.detect.versions import choose, line_of, pinned

if TYPE_CHECKING:
    from draft_ls.detect.facts import Subject
    from draft_ls.detect.sources import Sources

PHPS = ("7.4", "8.0", "8.1", "8.2", "8.3", "8.4")
PREFERRED = "8.4"

COMPILED_IN = frozenset(
    {
        "ctype", "curl", "date", "dom", "fileinfo", "filter", "ftp", "hash", "iconv", "json", "libxml", "mbstring",
        "openssl",
        "pcre", "pdo", "pdo_sqlite", "phar", "posix", "readline", "reflection", "session", "simplexml", "sodium", "spl",
        "sqlite3", "standard", "tokenizer", "xml", "xmlreader", "xmlwriter", "zlib", "random",
    }
)  # fmt: skip
"""Extensions that the official image has."""

LIBRARIES = {
    "gd": "libpng-dev libjpeg-dev libfreetype6-dev", "intl": "libicu-dev", "zip": "libzip-dev", "pgsql": "libpq-dev",
    "pdo_pgsql": "libpq-dev", "soap": "libxml2-dev", "xsl": "libxslt1-dev", "gmp": "libgmp-dev", "bz2": "libbz2-dev",
    "ldap": "libldap2-dev", "imap": "libc-client-dev libkrb5-dev", "imagick": "libmagickwand-dev",
    "memcached": "libmemcached-dev zlib1g-dev libssl-dev", "amqp": "librabbitmq-dev",
}  # fmt: skip
"""Extension → the Debian packages that building it needs."""

PECL = frozenset(
    {"amqp", "apcu", "igbinary", "imagick", "memcached", "mongodb", "openswoole", "redis", "swoole"}
)
"""Extensions that PECL has."""

BUNDLED = frozenset(
    {
        *LIBRARIES.keys() - PECL,
        "bcmath",
        "calendar",
        "exif",
        "gettext",
        "mysqli",
        "opcache",
        "pcntl",
        "pdo_mysql",
        "shmop",
        "sockets",
        "sysvmsg",
        "sysvsem",
        "sysvshm",
    }
)
"""Extensions that ``docker-php-ext-install`` can build."""


SIGNS = Signs(
    files=("*.php", "bin/*.php", "src/**/*.php", "app/**/*.php"),
    comment="both",
    calls=frozenset({"Server", "SocketServer", "HttpServer", "Worker", "listen", "expose"}),
    keys=frozenset({"port"}),
)
"""Servers that are written in PHP: Swoole, ReactPHP, Workerman, Amp."""

LARAVEL_FOLDERS = (
    "bootstrap/cache",
    *(f"storage{each}" for each in ("", "/app", "/framework", "/logs")),
    *(f"storage/framework/{each}" for each in ("cache", "sessions", "views")),
)
"""What Laravel writes to, and does not make by itself: its repository holds them by files that are not copied."""

FILE_LIMIT = 100
"""How many source files are looked into for what they call."""

_SIGNS = (
    ("mysqli", r"\bmysqli_connect\(|\bnew\s+\\?mysqli\(|'dbdriver'\s*=>\s*'mysqli'"),
    ("pdo_mysql", r"[\"']mysql:(?:host|dbname|unix_socket)="),
    ("pdo_pgsql", r"[\"']pgsql:(?:host|dbname)="),
    ("pgsql", r"\bpg_connect\("),
    ("gd", r"\bimagecreate(?:truecolor|frompng|fromjpeg)?\("),
    ("zip", r"\bnew\s+\\?ZipArchive\b"),
)
"""Extension → calls of code that no ``composer.json`` speaks for."""

_CALLED_BY = {
    "wordpress": ["mysqli", "gd", "exif", "zip", "intl"],
    "drupal": ["gd", "opcache", "pdo_mysql"],
}
"""Framework → the extensions that it needs."""


def analyze(subject: Subject) -> Facts:
    """Find the facts of a PHP app."""
    sources = subject.sources
    facts = Facts(framework=subject.framework_fact, version=php_version(sources))
    if sources.has("composer.json"):
        facts.package_manager = Fact("composer", (sources.evidence("composer.json"),))
    root = _document_root(sources)
    entry = f"{root}/index.php" if root else "index.php"
    extensions = _extensions(subject)
    libraries = sorted({word for each in extensions for word in LIBRARIES.get(each, "").split()})
    facts.details |= {
        "document_root": root,
        "composer": sources.has("composer.json"),
        "lockfile": sources.has("composer.lock"),
        "extensions": tuple(each for each in extensions if each in BUNDLED),
        "pecl": tuple(each for each in extensions if each in PECL),
        "libraries": tuple(libraries),
        "assets": sources.has("package.json")
        and bool(re.search(r'"build"\s*:', sources.text("package.json"))),
        "assets_lockfile": sources.first("package-lock.json", "pnpm-lock.yaml", "yarn.lock") or "",
        "writable": LARAVEL_FOLDERS
        if subject.framework_name == "laravel"
        else ("var",)
        if subject.framework_name == "symfony"
        else (),
    }
    if sources.has(entry) or subject.framework:
        facts.start = Fact(("apache2-foreground",), (sources.evidence(entry),) if sources.has(entry) else ())
        facts.port = Fact(8080)
    else:
        script = sources.first("server.php", "app.php", "main.php", "worker.php", "bin/console", "bot.php")
        facts.start = Fact(("php", script), (sources.evidence(script),)) if script else None
        network = scan(sources, SIGNS)
        facts.port, facts.reads_port, facts.variables = network.port, network.reads_port, network.variables
        facts.confidence = 0.7 if script else 0.25 if sources.has("composer.json") else 0.35
    if _is_part(sources):
        facts.confidence = 0.25
    up = sources.find("bootstrap/app.php", r"""health:\s*["'](/[\w/-]+)["']""")
    facts.health = Fact(up[1], (sources.evidence("bootstrap/app.php", up),)) if up else None
    return facts


def _is_part(sources: Sources) -> bool:
    """Whether it is a theme or a plugin of another app, which runs only in that."""
    kind = str(sources.json("composer.json").get("type", ""))
    if re.search(r"-(?:theme|plugin|module|bundle|extension|package)$", kind):
        return True
    theme = sources.find("style.css", r"^[ \t*]*Theme Name:")
    headers = sources.search(sources.matching("*.php")[:20], r"^[ \t*]*Plugin Name:")
    return (theme is not None or next(headers, None) is not None) and not sources.matching("wp-*.php")


def _document_root(sources: Sources) -> str:
    """The folder that is served: the one that Composer is told, else the usual one that has an ``index.php``."""
    scaffold = lookup(sources.json("composer.json"), "extra", "drupal-scaffold", "locations", "web-root")
    if isinstance(scaffold, str):
        return scaffold.strip("./")
    served = procfile(sources)
    named = re.search(r"heroku-php-\w+\s(?:.*\s)?([\w-]+)/?\s*$", served.value) if served else None
    usual = ("public", "web", "webroot", "www", "htdocs", "html", "pub")
    folders = [*([named[1]] if named else []), *usual, *(() if sources.has("index.php") else ("src",))]
    return next((folder for folder in folders if sources.has(f"{folder}/index.php")), "")


def php_version(sources: Sources) -> Fact[str] | None:
    """The release line: Composer's platform, then its constraint, then pin files."""
    document = sources.json("composer.json")
    for keys in (("config", "platform", "php"), ("require", "php")):
        constraint = lookup(document, *keys)
        if isinstance(constraint, str):
            exact = (
                line_of(Fact(constraint), 2)
                if constraint[:1].isdigit() and "*" not in constraint and "|" not in constraint
                else None
            )
            chosen = exact.value if exact and "." in exact.value else choose(constraint, PHPS, PREFERRED)
            if chosen:
                return Fact(chosen, (sources.quote("composer.json", f'"{constraint}"', f"php {constraint}"),))
    return line_of(pinned(sources, ((".php-version", r"^\s*(\d+\.\d+)"),), "php"), 2)


def _extensions(subject: Subject) -> list[str]:
    sources = subject.sources
    named = [
        name[4:].lower()
        for name in table(sources.json("composer.json").get("require"))
        if name.startswith("ext-")
    ]
    named += _CALLED_BY.get(subject.framework_name, ())
    plain = subject.framework_name in {"", "codeigniter", "slim"}
    files = [path for path in sources.matching("**/*.php") if not path.startswith("system/")] if plain else []
    for name, sign in _SIGNS:
        if next(sources.search(files[:FILE_LIMIT], sign), None):
            named.append(name)
    if subject.framework_name in {"laravel", "symfony"} and not {"pdo_mysql", "pdo_pgsql"} & set(named):
        database = sources.find(
            ".env.example", r"^\s*#?\s*DB_CONNECTION=(mysql|mariadb|pgsql)"
        ) or sources.find(".env", r"^DATABASE_URL=\"?(mysql|postgres)")
        named += (
            ["pdo_pgsql" if database[1].startswith(("pgsql", "postgres")) else "pdo_mysql"]
            if database
            else []
        )
    return sorted({name for name in named if name not in COMPILED_IN and name in BUNDLED | PECL})
