"""Loading the big SDKs, one at a time.

Docker's and Kubernetes' SDKs are imported when they are first used, in threads, often at the same moment. Both
import ``requests``, whose modules import each other: two threads in the middle of it make Python hand out a
half-made module rather than dead-lock. So whoever imports an SDK holds this lock.
"""

from __future__ import annotations

import threading
from importlib import import_module

_LOADING = threading.Lock()


def load(*modules: str) -> None:
    """Import modules, while nobody else does so through this function; blocks for up to half a second."""
    with _LOADING:
        for module in modules:
            import_module(module)
