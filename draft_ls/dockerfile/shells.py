"""Whether an image has a shell, as far as its Dockerfile tells."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from draft_ls.dockerfile.settings import lineage

if TYPE_CHECKING:
    from draft_ls.dockerfile.model import Dockerfile, Stage

_WITH = re.compile(
    r"(?:.*/)?(?:debian|ubuntu|alpine|busybox|fedora|centos|rockylinux|almalinux|amazonlinux|archlinux|"
    r"python|node|ruby|php|golang|rust|openjdk|eclipse-temurin|amazoncorretto|maven|gradle|nginx(?:-unprivileged)?|httpd|caddy|"
    r"tomcat|perl|elixir|erlang|swift|haskell|julia|r-base|bun|deno|clojure|dart|buildpack-deps|mono|composer)"
    r"(?:[:@].*)?"
)
_WITHOUT = re.compile(r"scratch|.*distroless.*(?<!debug)|.*chainguard/.*|.*cgr\.dev/.*")


def has_shell(dockerfile: Dockerfile, stage: Stage) -> bool | None:
    """Whether a stage's image has ``/bin/sh``; none if that is not known.

    It is there if a RUN in shell form has used it, or if the base is a well-known image that has one.
    """
    stages = lineage(dockerfile, stage)
    base = stages[0].base
    if _WITHOUT.fullmatch(base):
        return False
    ran = any(each.keyword == "RUN" and not each.is_exec for one in stages for each in one.instructions)
    return True if ran or _WITH.fullmatch(base) else None
