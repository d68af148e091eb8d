"""What each instruction may look like, by the Dockerfile reference."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Keyword:
    """One instruction of the language.

    Attributes:
        needs: how many arguments it has at least.
        usage: its form, in the words of the reference.
        flags: the options that it takes.
        array: whether its arguments may be a JSON array.
    """

    needs: int
    usage: str
    flags: tuple[str, ...] = ()
    array: bool = False


KEYWORDS: Mapping[str, Keyword] = MappingProxyType(
    {
        "ADD": Keyword(
            2,
            "ADD <source>… <destination>",
            ("from", "chown", "chmod", "link", "keep-git-dir", "checksum", "unpack", "exclude"),
            array=True,
        ),
        "ARG": Keyword(1, "ARG <name>[=<default>]"),
        "CMD": Keyword(0, 'CMD ["program", "argument"]', array=True),
        "COPY": Keyword(
            2,
            "COPY <source>… <destination>",
            ("from", "chown", "chmod", "link", "parents", "exclude"),
            array=True,
        ),
        "ENTRYPOINT": Keyword(0, 'ENTRYPOINT ["program", "argument"]', array=True),
        "ENV": Keyword(1, "ENV <name>=<value>"),
        "EXPOSE": Keyword(1, "EXPOSE <port>"),
        "FROM": Keyword(1, "FROM <image> [AS <name>]", ("platform",)),
        "HEALTHCHECK": Keyword(
            1,
            "HEALTHCHECK CMD <command>",
            ("interval", "timeout", "start-period", "start-interval", "retries"),
            array=True,
        ),
        "LABEL": Keyword(1, "LABEL <name>=<value>"),
        "MAINTAINER": Keyword(1, "MAINTAINER <name>"),
        "ONBUILD": Keyword(1, "ONBUILD <instruction>"),
        "RUN": Keyword(1, "RUN <command>", ("mount", "network", "security", "device"), array=True),
        "SHELL": Keyword(1, 'SHELL ["program", "option"]', array=True),
        "STOPSIGNAL": Keyword(1, "STOPSIGNAL <signal>"),
        "USER": Keyword(1, "USER <user>[:<group>]"),
        "VOLUME": Keyword(1, "VOLUME <folder>…", array=True),
        "WORKDIR": Keyword(1, "WORKDIR <folder>"),
    }
)
