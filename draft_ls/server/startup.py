"""A quick start: the code that attrs, cattrs, dataclasses and typing generate, kept as Python keeps modules.

An editor waits for ``initialize``. Most of that time goes into importing ``lsprotocol.types``, and half of
the import into compiling the methods that attrs writes as source text for its 550 classes. The text is the
same every time, so its code is kept in the ``__pycache__`` folder of lsprotocol, under a name that changes
with Python: where, and as safe as, the ``.pyc`` files beside it. Code is found by the text that it was made
from, so that an upgrade of a package cannot bring up old code. Without such a file, with a damaged one, or
where none can be written, everything is compiled as ever.
"""

from __future__ import annotations

import builtins
import contextlib
import gc
import hashlib
import importlib
import importlib.util
import logging
import marshal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from types import CodeType

logger = logging.getLogger(__name__)

GENERATORS = {"attr._make": "compile", "cattrs.gen": "compile", "typing": "compile", "dataclasses": "exec"}
"""The modules that compile source text of their own making, and what they look up for it as a global name."""


@contextlib.contextmanager
def quick_imports() -> Generator[Callable[[], None]]:
    """Import the server inside this block; what it yields keeps what was compiled, for the next start.

    The garbage collector rests meanwhile: imports make many objects and hardly any garbage.
    """
    gc.disable()
    cache = CodeCache(generated_code_path())
    cache.install()
    try:
        yield cache.save
    finally:
        gc.enable()
        gc.freeze()


class CodeCache:
    """Code by the source text that it was compiled from.

    Args:
        path: the file; none to keep nothing.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._known = _load(path) if path else {}
        self._used: dict[bytes, CodeType] = {}
        self._changed = False

    def install(self) -> None:
        """Compile generated code through the cache from now on."""
        for module, name in GENERATORS.items():
            setattr(importlib.import_module(module), name, getattr(self, name))

    def remove(self) -> None:
        """Compile as ever again."""
        for module, name in GENERATORS.items():
            vars(sys.modules[module]).pop(name, None)

    def compile(self, source: str, filename: str, mode: str) -> CodeType:
        """What the built-in ``compile`` returns, which is asked only about a text that is new."""
        key = hashlib.blake2b(f"{filename}\0{mode}\0{source}".encode(), digest_size=16).digest()
        code = self._used.get(key) or self._known.get(key)
        if code is None:
            code = builtins.compile(source, filename, mode, dont_inherit=True)
            self._changed = True
        self._used[key] = code
        return code

    def exec(self, source: str, names: dict[str, Any], found: dict[str, Any]) -> None:
        """What the built-in ``exec`` does."""
        builtins.exec(self.compile(source, "<string>", "exec"), names, found)  # noqa: S102 - as the caller would

    def save(self) -> None:
        """Keep what was used, for the next start, and be done. Never raises: the cache is a convenience."""
        self.remove()
        if self._path is None or not self._changed or sys.dont_write_bytecode:
            return
        import tempfile  # and with it what packs archives: not for the way to `initialize`

        try:
            with tempfile.NamedTemporaryFile(dir=self._path.parent, delete=False) as file:
                file.write(marshal.dumps(self._used))
            Path(file.name).chmod(0o644)
            Path(file.name).replace(self._path)
        except OSError as error:
            logger.info("Compiled code cannot be kept: %s", error)


def generated_code_path() -> Path | None:
    """The cache's file beside lsprotocol's own ``.pyc`` files."""
    found = importlib.util.find_spec("lsprotocol")
    if found is None or found.origin is None:
        return None
    try:
        module = importlib.util.cache_from_source(str(Path(found.origin).with_name("generated.py")))
    except NotImplementedError:
        return None
    return Path(module).with_suffix(".marshal")


def _load(path: Path) -> dict[bytes, CodeType]:
    try:
        return cast("dict[bytes, CodeType]", marshal.loads(path.read_bytes()))  # noqa: S302 - as .pyc files are read
    except (OSError, EOFError, ValueError, TypeError):
        return {}
