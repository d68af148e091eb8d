"""Images that Docker holds: what they say, and cleaning up those that we built and nobody needs any more."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from draft_ls.build.model import ImageConfig
from draft_ls.build.tags import LABEL_APP

if TYPE_CHECKING:
    from collections.abc import Collection

    from draft_ls.build.api import EngineClient

_log = logging.getLogger(__name__)

KEEP = 5
"""How many of the newest images of a repository stay: enough to go back to the last good ones."""


def read_config(client: EngineClient, reference: str) -> ImageConfig:
    """What an image says about the containers made from it; blocks."""
    found = client.inspect_image(reference)
    layers: dict[str, Any] = found.get("RootFS") or {}
    return image_config(found.get("Config") or {}, layers.get("Layers"))


def image_config(config: dict[str, Any], layers: list[str] | None) -> ImageConfig:
    """A configuration as images have it (OCI image specification, ``config``), with the digests of the layers."""
    variables = (str(each).partition("=") for each in config.get("Env") or ())
    return ImageConfig(
        entrypoint=read_words(config.get("Entrypoint")),
        command=read_words(config.get("Cmd")),
        user=str(config.get("User") or ""),
        workdir=str(config.get("WorkingDir") or "/"),
        ports=tuple(sorted(config.get("ExposedPorts") or {})),
        environment={name: value for name, _, value in variables},
        labels=dict(config.get("Labels") or {}),
        layers=read_words(layers),
    )


def read_words(value: list[str] | str | None) -> tuple[str, ...]:
    """A list of words as an image's configuration has it: it may be none, or a single word."""
    if isinstance(value, str):
        return (value,)
    return tuple(value or ())


def remove_old(
    client: EngineClient, repository: str, keep: int = KEEP, protect: Collection[str] = ()
) -> tuple[str, ...]:
    """Remove images that we built for ``repository``, but not the ``keep`` that were built last; blocks.

    Only images with our label are touched, and none that a container uses: the Engine refuses those, and we
    do not force it.

    Args:
        client: the Engine.
        repository: as the images were built for.
        keep: how many stay.
        protect: references that stay whatever their age.

    Returns:
        The ids that went.
    """
    found = client.images(filters={"label": f"{LABEL_APP}={repository}"})
    if len(found) <= keep:
        return ()
    newest_first = sorted(found, key=lambda image: _last_built(client, image), reverse=True)
    removed: list[str] = []
    for image in newest_first[keep:]:
        identifier, tags = str(image["Id"]), read_words(image.get("RepoTags"))
        if not set(tags) & set(protect) and _remove(client, tags, identifier):
            removed.append(identifier)
    return tuple(removed)


def _last_built(client: EngineClient, image: dict[str, Any]) -> tuple[str, int]:
    """When an image was last tagged, which each build does; it was made long ago if all was cached."""
    metadata: dict[str, Any] = client.inspect_image(str(image["Id"])).get("Metadata") or {}
    tagged = str(metadata.get("LastTagTime") or "")
    seconds, _, fraction = tagged.partition(".")
    return f"{seconds.removesuffix('Z')}.{fraction.removesuffix('Z'):0<9}", int(image.get("Created") or 0)


def _remove(client: EngineClient, tags: Collection[str], identifier: str) -> bool:
    from docker.errors import APIError

    names = [tag for tag in tags if tag != "<none>:<none>"] or [identifier]
    try:
        for name in names:
            client.remove_image(name)
    except APIError as error:  # in use, or already gone
        _log.debug("kept image %s: %s", identifier, error.explanation)
        return False
    return True
