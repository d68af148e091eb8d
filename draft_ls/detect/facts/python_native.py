"""What installing and running an app's Python packages needs of the system, beyond Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

from draft_ls.detect.dependencies import REQUIREMENTS, Dependencies
from draft_ls.detect.documents import lookup, strings

if TYPE_CHECKING:
    from draft_ls.detect.model import Detail
    from draft_ls.detect.sources import Sources

COMPILED = {
    "psycopg2": "libpq5",
    "mysqlclient": "libmariadb3",
    "pycairo": "libcairo2",
    "pycurl": "libcurl4",
    "uwsgi": "",
}
"""Package that is compiled when it is installed → the Debian package that it needs when it runs, if any."""

LIBRARIES = {
    "opencv-python": "libgl1 libglib2.0-0",
    "opencv-contrib-python": "libgl1 libglib2.0-0",
    "weasyprint": "libpango-1.0-0 libpangoft2-1.0-0",
    "python-magic": "libmagic1",
    "lightgbm": "libgomp1",
    "pydub": "ffmpeg",
    "pytesseract": "tesseract-ocr",
    "pdf2image": "poppler-utils",
    "psycopg": "libpq5",
}
"""Package that finds a library or a program of the system when it runs → the Debian packages that bring it."""

_FROM_GIT = r"^[^#\n]*\bgit\+(?:https|ssh)|^[^#\n]*\bgit\s*=\s*[\"']"
_ITSELF = r"^\s*(?:(?:-e|--editable)[ =]\s*)?\.(?:/\S*|\[\S*)?\s*$"
_COMPILES_ITSELF = r"^[^#\n]*\bpsycopg(?:\[[^\]\n]*\bc\b|-c\b)"
_BRINGS_ITS_LIBRARY = r"\bpsycopg\[[^\]\n]*binary"


def system_needs(sources: Sources) -> dict[str, Detail]:
    """Details for the templates.

    Returns:
        ``compile``: whether installing needs a compiler or git; ``libraries``: Debian packages to run with;
        ``listed``: whether ``pyproject.toml`` itself lists the packages, so that they can be installed before the
        sources; ``requires_sources``: whether the requirements name a package of the app's own folder.
    """
    declared = Dependencies(sources).of("pypi")
    files = [path for pattern in REQUIREMENTS for path in sources.matching(pattern)]
    manifests = [*files, "pyproject.toml", "Pipfile"]
    found = {**COMPILED, **LIBRARIES}
    if any(sources.search(manifests, _BRINGS_ITS_LIBRARY)):
        del found["psycopg"]
    compiled = any(sources.search(manifests, _COMPILES_ITSELF))
    return {
        "compile": compiled
        or any(name in declared for name in COMPILED)
        or any(sources.search(manifests, _FROM_GIT)),
        "libraries": tuple(
            sorted({word for name, text in found.items() if name in declared for word in text.split()})
        ),
        "listed": bool(strings(lookup(sources.toml("pyproject.toml"), "project", "dependencies"))),
        "requires_sources": any(sources.search(files, _ITSELF)),
    }
