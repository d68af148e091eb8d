"""Start ``draft-ls`` once, so that the starts that a person waits for find everything compiled.

Python keeps compiled modules when they are first imported, and ``draft_ls.server.startup`` keeps what attrs and
its like generate. Where ``PYTHONDONTWRITEBYTECODE`` is set neither is ever kept, and each start would pay anew.
"""

from __future__ import annotations

import asyncio
import compileall
import os

from draft_ls.server.startup import generated_code_path
from editor import editing
from place import ROOT

PATIENCE = 10.0
"""Seconds for the server to have written its file, which it does when it has nothing else to do."""


async def main() -> None:
    """Compile the package, then serve nobody until the generated code is kept."""
    compileall.compile_dir(ROOT / "draft_ls", quiet=1)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    kept = generated_code_path()
    if kept is None:
        return
    async with editing(ROOT / "examples/python", environment), asyncio.timeout(PATIENCE):
        while not kept.exists():  # noqa: ASYNC110 - nobody tells when a file is there
            await asyncio.sleep(0.05)


if __name__ == "__main__":
    asyncio.run(main())
