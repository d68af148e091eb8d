"""What builds need, looked at for the doctor."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from draft_ls.build.calls import in_thread
from draft_ls.build.credentials import login_of
from draft_ls.build.model import BuildCheck
from draft_ls.errors import DraftError

if TYPE_CHECKING:
    from draft_ls.build.buildkit import BuildKit
    from draft_ls.build.daemon import Daemon
    from draft_ls.errors import Problem

LOW_SPACE = 2 * 1024**3
"""Free bytes below which the next image may not fit."""

ANSWER = 5.0
"""Seconds that a registry has to answer."""


async def check_docker(daemon: Daemon) -> BuildCheck:
    """Whether the Docker Engine answers."""
    try:
        facts = await daemon.facts()
    except DraftError as error:
        return _failed("Docker", error.problem)
    where = daemon.endpoint.host
    return BuildCheck("Docker", ok=True, seen=f"{facts.version}, API {facts.api}, at {where}")


def check_buildkit(found: BuildKit | None) -> BuildCheck:
    """Whether builds are fast. That they are not is no fault: the Engine's own builder takes over."""
    if found is None:
        return BuildCheck(
            "BuildKit",
            ok=True,
            seen="no docker CLI with BuildKit on PATH; the Engine's own builder is used, which is slower",
            fix="Install the buildx plugin (`docker-buildx-plugin` or `docker-buildx`).",
        )
    return BuildCheck("BuildKit", ok=True, seen=f"{found.version} ({found.command})")


async def check_space(daemon: Daemon) -> BuildCheck:
    """Whether Docker's disk has room. Only an Engine on this machine can be asked."""
    try:
        facts = await daemon.facts()
    except DraftError as error:
        return _failed("Docker's disk", error.problem)
    folder = Path(facts.data_folder or "/")
    if daemon.endpoint.socket is None or not await in_thread(lambda _: folder.is_dir()):
        return BuildCheck("Docker's disk", ok=True, seen="not on this machine; not looked at")
    free = (await in_thread(lambda _: shutil.disk_usage(folder))).free
    seen = f"{free / 1024**3:.1f} GiB free at {folder}"
    if free < LOW_SPACE:
        return BuildCheck(
            "Docker's disk", ok=False, seen=seen, fix="`docker system prune` removes what is unused."
        )
    return BuildCheck("Docker's disk", ok=True, seen=seen)


async def check_registry(registry: str) -> BuildCheck:
    """Whether a registry answers, and knows us.

    Args:
        registry: as in draft.toml: host, port and path, without a scheme.
    """
    host = registry.partition("/")[0]
    try:
        return await in_thread(lambda _: _ask_registry(host))
    except DraftError as error:
        return _failed(f"Registry {host}", error.problem)


def _ask_registry(host: str) -> BuildCheck:
    """``GET /v2/``; plain HTTP only where Docker itself would try it: on the loopback."""
    import requests

    name = f"Registry {host}"
    schemes = ("http", "https") if host.partition(":")[0] in {"localhost", "127.0.0.1"} else ("https",)
    login = login_of(host)
    said = ""
    for scheme in schemes:
        try:
            answer = requests.get(f"{scheme}://{host}/v2/", auth=login, timeout=ANSWER, allow_redirects=False)
        except requests.exceptions.SSLError as error:
            said = f"no secure connection: {error}"
        except requests.exceptions.RequestException as error:
            said = f"no answer: {type(error).__name__}"
        else:
            return _judge(name, host, answer.status_code, answer.headers.get("WWW-Authenticate", ""), login)
    return BuildCheck(
        name,
        ok=False,
        seen=said,
        fix="Check that it runs, its name in `registry` of draft.toml, and its certificate.",
    )


def _judge(name: str, host: str, status: int, challenge: str, login: tuple[str, str] | None) -> BuildCheck:
    if status == 200:
        return BuildCheck(name, ok=True, seen="answers")
    if status == 401 and login is not None and challenge.lower().startswith("bearer"):
        return BuildCheck(name, ok=True, seen="answers; credentials are there, and tried when pushing")
    if status in {401, 403}:
        seen = "refuses the stored credentials" if login else "wants credentials, and there are none"
        return BuildCheck(name, ok=False, seen=seen, fix=f"`docker login {host}`")
    return BuildCheck(
        name,
        ok=False,
        seen=f"answers {status} where a registry would not",
        fix="Check `registry` in draft.toml: this is no image registry.",
    )


def _failed(name: str, problem: Problem) -> BuildCheck:
    seen = f"{problem.message} {problem.cause}".strip()
    return BuildCheck(name, ok=False, seen=seen, fix=problem.fix)
