"""``ClusterBuilder``: builds and pushes images inside the cluster, in the place of ``ImageBuilder``."""

from __future__ import annotations

import asyncio
import json
import shlex
import tarfile
import tempfile
from base64 import b64decode
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from draft_ls.build.context import ContextReader
from draft_ls.build.context_problems import archive_unreadable
from draft_ls.build.images import image_config
from draft_ls.build.incluster import place as places
from draft_ls.build.incluster import troubles
from draft_ls.build.incluster.conversation import Conversation, EndedError
from draft_ls.build.incluster.troubles import LostError
from draft_ls.build.incluster.upload import Uploader, app_key
from draft_ls.build.running import RunningBuild, dockerfile_text
from draft_ls.build.tags import LABEL_APP
from draft_ls.cluster.faults import ApiError
from draft_ls.cluster.kinds import SECRETS, mapping_at
from draft_ls.config.model import REGISTRY_SECRET, Builder
from draft_ls.errors import DraftError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator, Sequence

    from draft_ls.build.model import BuildContext, BuildRequest, Image, ImageConfig, Step
    from draft_ls.cluster.client import Cluster
    from draft_ls.processes import Stream

SCRIPT = "/opt/draft/builder.sh"

CREDENTIALS_TYPE = "kubernetes.io/dockerconfigjson"
CREDENTIALS_KEY = ".dockerconfigjson"

HEARTBEAT = 120.0
"""Seconds of silence after which the API server must say that it is still there: a step may say nothing for long.
The question waits behind what is being sent, so that a slow uplink needs as much time for the answer."""

ATTEMPTS = 3
"""How often a connection that is cut during an upload is made again."""


class ClusterBuilder:
    """The builder of one cluster, for one person's apps in one namespace. Every method raises ``DraftError``.

    A cancelled call closes its stream, on which the builder ends the work.

    Args:
        cluster: where.
        namespace: the apps' own: their registry credentials lie there, and maybe a builder.
        person: whose sources; a word that nobody else knows.
        secret: the registry credentials in the namespace, if there are any.
    """

    def __init__(self, cluster: Cluster, namespace: str, person: str, secret: str = REGISTRY_SECRET) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._person = person
        self._secret = secret
        self._uploader = Uploader()
        self.sent = 0
        """Bytes that the last build sent, all told."""

    async def find(self) -> places.Place:
        """Where the builder is.

        Raises:
            DraftError: there is none (``builder-missing``).
        """
        where = places.namespaces(self._namespace)
        found = await places.find(self._cluster, where)
        if found is None:
            raise DraftError(troubles.missing(where, self._cluster.context))
        return found

    async def build(
        self,
        request: BuildRequest,
        builder: Builder = Builder.CLUSTER,
        on_line: Callable[[Stream, str], None] | None = None,
        on_step: Callable[[Step], None] | None = None,
    ) -> Image:
        """Build an image; it stays with the builder until it is pushed. Else as ``ImageBuilder.build``."""
        del builder  # there is one way here
        if request.is_index:
            raise DraftError(troubles.one_platform(request.platforms))
        request = replace(request, labels={**request.labels, LABEL_APP: request.repository})
        running = await RunningBuild.of(request, on_line, on_step)
        self.sent = 0
        with tempfile.TemporaryDirectory(prefix="draft-build-") as scratch:
            context = request.context
            if request.archive:
                context = await asyncio.to_thread(_unpacked, request.archive, context, Path(scratch))

            async def work(on_text: Callable[[str], None]) -> str:
                for left in reversed(range(ATTEMPTS)):
                    try:
                        return await self._build(request, context, on_text)
                    except _CutError as cut:
                        if not left:
                            raise cut.error from None
                raise AssertionError  # the last attempt returns or raises

            return await running.with_cluster(work)

    async def _build(
        self, request: BuildRequest, context: BuildContext, on_text: Callable[[str], None]
    ) -> str:
        """The image's id; empty if the engine ended with an error, which it has printed."""
        app = app_key(request.context)
        async with self._talk("build") as talk:
            try:
                await talk.send(f"open {self._person} {app}")
                await self._uploader.bring(talk, app, context)
            except LostError as error:
                raise _CutError(error) from error
            except EndedError as ended:
                raise DraftError(troubles.upload_failed(ended.said)) from None
            finally:
                self.sent += talk.sent
            on_text(f"Sent {self.sent:,} bytes of sources\n")
            await self._send_credentials(talk)
            text = (await asyncio.to_thread(dockerfile_text, request)).encode("utf-8", "surrogateescape")
            await talk.send(f"file Dockerfile {len(text)}", text)
            words = shlex.join(_options(request, self._person, app)).encode("utf-8", "surrogateescape")
            await talk.send(f"build {len(words)}", words)
            return await _built(talk, on_text)

    async def push(
        self,
        image: Image,
        tags: Sequence[str] = (),
        on_line: Callable[[Stream, str], None] | None = None,
    ) -> Image:
        """Push an image from the cluster. Else as ``ImageBuilder.push``."""
        if image.digest is not None:
            return image
        names = [f"{image.repository}:{tag}" for tag in dict.fromkeys((image.tag, *tags))]
        lines = _Lines(on_line)
        digest = ""

        def hear(words: list[str]) -> None:
            nonlocal digest
            digest = words[1] if words[0] == "pushed" else digest

        async with self._talk("push") as talk:
            await self._send_credentials(talk)
            talk.on_output = lines.take
            words = shlex.join((image.identifier, *names)).encode()
            await talk.send(f"push {len(words)}", words)
            _, said = await talk.outcome(hear)
        if not digest:
            raise DraftError(troubles.push_failed(names[0], (*said, *lines.all), self._secret))
        return replace(image, digest=digest)

    async def image_config(self, reference: str) -> ImageConfig:
        """What an image that was built here says about the containers made from it."""
        lines = _Lines(None)
        async with self._talk("inspect") as talk:
            await self._send_credentials(talk)
            talk.on_output = lines.take
            await talk.send(f"inspect {len(reference)}", reference.encode())
            code, said = await talk.outcome(lambda _: None)
        if code:
            raise DraftError(troubles.lost(said).problem)
        found: dict[str, Any] = json.loads("\n".join(lines.all))
        layers = mapping_at(found, "Docker", "rootfs").get("diff_ids")
        return image_config(mapping_at(found, "Docker", "config"), layers)

    @asynccontextmanager
    async def _talk(self, verb: str) -> AsyncGenerator[Conversation]:
        """A run of the builder's script."""
        place = await self.find()
        pod = await places.ready_pod(self._cluster, place)
        command = ("sh", SCRIPT, verb)
        try:
            stream = await self._cluster.exec(
                place.namespace, pod, places.CONTAINER, command, heartbeat=HEARTBEAT
            )
        except ApiError as error:
            if error.status in {403, 401}:
                raise
            raise troubles.lost((error.problem.cause,)) from error
        talk = Conversation(stream)
        try:
            yield talk
        except EndedError as ended:
            raise troubles.lost(ended.said) from ended
        finally:
            await talk.close()

    async def _send_credentials(self, talk: Conversation) -> None:
        """The credentials of the namespace's secret, for this one run; the script keeps them in memory."""
        secret = await self._cluster.find(SECRETS, self._secret, self._namespace)
        encoded = mapping_at(secret or {}, "data").get(CREDENTIALS_KEY)
        if encoded:
            data = b64decode(encoded)
            await talk.send(f"file auth.json {len(data)}", data)


class _CutError(Exception):
    """The stream was cut while sources were sent: another attempt may go through."""

    def __init__(self, error: LostError) -> None:
        super().__init__(str(error))
        self.error = error


class _Lines:
    """Output that comes in pieces, as lines."""

    def __init__(self, on_line: Callable[[Stream, str], None] | None) -> None:
        self._on_line = on_line
        self._partial = ""
        self._whole: list[str] = []

    @property
    def all(self) -> tuple[str, ...]:
        """Every line, and what came after the last line's end."""
        return (*self._whole, self._partial) if self._partial else tuple(self._whole)

    def take(self, text: str) -> None:
        """Take in a piece."""
        *lines, self._partial = (self._partial + text).split("\n")
        self._whole += lines
        if self._on_line is not None:
            for line in lines:
                if line:
                    self._on_line("stdout", line)


async def _built(talk: Conversation, on_text: Callable[[str], None]) -> str:
    identifier = ""

    def hear(words: list[str]) -> None:
        nonlocal identifier
        if words[0] == "waiting":
            builds = "build" if words[1] == "1" else "builds"
            of_yours = " of yours" if "own" in words else ""
            on_text(f"Waiting for {words[1]} {builds}{of_yours} that came before\n")
        elif words[0] == "built":
            identifier = words[1]

    talk.on_output = on_text
    code, said = await talk.outcome(hear)
    if code and said:
        on_text("".join(f"{line}\n" for line in said))
    return identifier


def _options(request: BuildRequest, person: str, app: str) -> Iterator[str]:
    """Options as ``buildah build`` takes them; the script knows what BuildKit calls them.

    The tag keeps the app's last image, and with it the layers below.
    """
    yield f"--tag=draft/{person[:16]}-{app}"
    for name, value in request.arguments.items():
        yield f"--build-arg={name}={value}"
    for name, value in request.labels.items():
        yield f"--label={name}={value}"
    if request.platforms:
        yield f"--platform={request.platforms[0]}"


def _unpacked(archive: Path, context: BuildContext, folder: Path) -> BuildContext:
    """The context inside a ready-made archive."""
    try:
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="tar")
    except (OSError, tarfile.TarError, EOFError) as error:
        raise DraftError(archive_unreadable(archive, str(error))) from error
    return ContextReader(folder, context.dockerfile).read()
