"""What installing and running an app's npm packages needs of the system, beyond Node."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from draft_ls.detect.documents import table

if TYPE_CHECKING:
    from draft_ls.detect.model import Detail
    from draft_ls.detect.sources import Sources

COMPILED = frozenset(
    {
        "deasync", "farmhash", "fibers", "grpc", "iconv", "isolated-vm", "kerberos", "leveldown", "libxmljs",
        "microtime", "node-gyp", "node-rdkafka", "node-sass", "odbc", "pg-native", "re2", "robotjs", "usb", "zeromq",
    }
)  # fmt: skip
"""Packages that are compiled when they are installed: those with binaries for every platform are none."""

LIBRARIES = {
    "@prisma/client": "openssl",
    "prisma": "openssl",
    "fluent-ffmpeg": "ffmpeg",
    "gm": "graphicsmagick imagemagick",
    "imagemagick": "imagemagick",
    "pg-native": "libpq5",
    "node-tesseract-ocr": "tesseract-ocr",
    "pdf-poppler": "poppler-utils",
    "puppeteer": "chromium",
    "puppeteer-core": "chromium",
    "simple-git": "git",
}
"""Package that finds a library or a program of the system when it runs → the Debian packages that bring it."""

BROWSER = "PUPPETEER_SKIP_DOWNLOAD=true PUPPETEER_EXECUTABLE_PATH=/usr/bin/chromium"

_FROM_GIT = re.compile(r"(?:git[+:@]|github:|gitlab:|bitbucket:)|\w[\w.-]*/[\w.-]+(?:#.*)?$")


def system_needs(sources: Sources) -> dict[str, Detail]:
    """Details for the templates.

    Returns:
        ``compile``: whether installing needs a compiler or git; ``libraries``: Debian packages to run with;
        ``browser``: the environment that makes a browser of the system be used.
    """
    package = sources.json("package.json")
    running = {**table(package.get("dependencies")), **table(package.get("optionalDependencies"))}
    declared = {**running, **table(package.get("devDependencies"))}
    from_git = any(_FROM_GIT.match(str(version)) for version in declared.values())
    found = {word for name, text in LIBRARIES.items() if name in running for word in text.split()}
    return {
        "compile": from_git or not COMPILED.isdisjoint(declared),
        "libraries": tuple(sorted(found)),
        "browser": BROWSER if "chromium" in found else "",
    }
