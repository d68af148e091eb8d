"""Names for what was built: the content tag, and the label by which our images are known."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TAG_LENGTH = 12

LABEL_APP = "dev.draft.repository"
"""The repository an image was built for; by it we know which images are ours to clean up."""


def content_tag(context_digest: str, arguments: Mapping[str, str], platforms: Sequence[str] = ()) -> str:
    """The tag that names exactly this input: 12 hex digits over context, build args and platforms.

    The Dockerfile is part of the context's digest. The order of args and platforms does not count.
    """
    inputs = [context_digest, sorted(arguments.items()), sorted(platforms)]
    return hashlib.sha256(json.dumps(inputs).encode()).hexdigest()[:TAG_LENGTH]
