"""Packages of the system that an app asks for: Heroku's ``Aptfile``, Streamlit's and Gradio's ``packages.txt``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from draft_ls.detect.sources import compiled

if TYPE_CHECKING:
    from draft_ls.detect.sources import Sources

_NAME = r"^[ \t]*([a-z0-9][a-z0-9+.-]+)(?::amd64)?(?:=\S+)?[ \t]*(?:#.*)?$"


def system_packages(sources: Sources, *, hosted: bool = False) -> tuple[str, ...]:
    """The Debian packages that an app's files name, each once, in their order.

    Args:
        sources: the app's files.
        hosted: whether ``packages.txt`` is such a file: where Streamlit and Gradio are at home.
    """
    paths = ("Aptfile", "packages.txt") if hosted else ("Aptfile",)
    names = (match[1] for path in paths for match in compiled(_NAME).finditer(sources.text(path)))
    return tuple(dict.fromkeys(name for name in names if not name.endswith(".deb")))
