"""File URIs and paths.

pygls' own conversion loses what follows a ``;`` in a path, so this is ours. Only ``file`` URIs have a path.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit


def path_of(uri: str) -> Path | None:
    """The absolute path of a ``file`` URI on this machine; none for any other URI."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return None
    if parts.scheme != "file" or parts.netloc not in ("", "localhost"):
        return None
    path = unquote(parts.path)
    if not path.startswith("/") or "\0" in path:
        return None
    return Path(path)


def uri_of(path: Path) -> str:
    """The ``file`` URI of an absolute path, percent-encoded."""
    return path.as_uri()
