"""What keeps the builds of a plugin equal: imported at the end of a build, and of no use in a run.

componentize-py stores the interpreter's memory after the plugin was imported. The library of ``postlude build``
(``crates/build/src/python/reproducible.wat``) clears from it what another build would have otherwise: times, random numbers, and memory
that is free. After that nothing may look at a file, so every module that the maker of components looks up later is imported here.
"""

from __future__ import annotations

import _imp  # type: ignore[import-not-found]
import gc
import importlib
import os
import random
import sys
import weakref  # noqa: F401
from importlib.machinery import ModuleSpec

import componentize_py_runtime  # type: ignore[import-not-found]  # noqa: F401
import componentize_py_types  # type: ignore[import-not-found]  # noqa: F401

#: The library's file, in the first folder of the path.
_SPEC = ModuleSpec("postlude_reproducible", None, origin="/0/postlude_reproducible.abi3.so")

for _package in ("wit_world.imports", "wit_world.exports"):
    try:
        _folder = importlib.import_module(_package).__path__[0]
    except ImportError:
        continue
    for _file in sorted(os.listdir(_folder)):
        if _file.endswith(".py") and _file != "__init__.py":
            importlib.import_module(f"{_package}.{_file.removesuffix('.py')}")

_cleared = False


def clear() -> None:
    """Clears what differs between two builds. Called after all is imported, from as few frames as can be: theirs are not cleared."""
    global _cleared
    if _cleared:
        return
    _cleared = True
    # The maker of components seeds it again in each run.
    random.seed(0)
    # The times of folders.
    sys.path_importer_cache.clear()
    gc.collect()
    try:
        _imp.create_dynamic(_SPEC)
    except ImportError as why:
        # The library answers with an ImportError that has no message; any other means that it was not found.
        if str(why):
            raise
