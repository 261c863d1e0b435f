"""Lets pymilvus and Arrow do without pandas, which both want only for data frames.

Importing pandas costs a third of a second and 50 MB of memory. Nothing here ever gives them a data frame.
pymilvus imports pandas with itself, so it is shown stand-ins meanwhile. They are gone afterwards: whoever
imports pandas later gets pandas, and so does pymilvus when it calls one of the functions it took. Arrow
tries once, with the first array, and then knows whether there is pandas; here there is none for it.
"""

import importlib
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from types import ModuleType
from typing import Any

_NAMES = ("pandas", "pandas.api", "pandas.api.types")
_swapping = threading.Lock()


@contextmanager
def without_pandas() -> Iterator[None]:
    """Inside the block ``import pandas`` gives stand-ins, unless pandas has been imported already."""
    with _swapping:
        if "pandas" in sys.modules:
            yield
            return
        standins = [ModuleType(_NAMES[0]), ModuleType(_NAMES[1]), _Types(_NAMES[2])]
        standins[0].DataFrame = DataFrame  # type: ignore[attr-defined]
        for standin in standins:
            # What has a path is a package, of which modules can be imported.
            standin.__path__ = []
        sys.modules.update(zip(_NAMES, standins, strict=True))
        try:
            yield
        finally:
            for name in _NAMES:
                del sys.modules[name]


def keep_from_arrow() -> None:
    """Make Arrow's first array here, while there is no pandas to be imported."""
    import pyarrow

    with _swapping:
        if "pandas" in sys.modules:
            return
        sys.meta_path.insert(0, _NoPandas)
        try:
            pyarrow.array([0])
        finally:
            sys.meta_path.remove(_NoPandas)


class _NoPandas(MetaPathFinder):
    """Finds nothing, and that there is no pandas."""

    @classmethod
    def find_spec(cls, name: str, path: object, target: object = None) -> None:
        """Raise for pandas; leave others to those who look next."""
        if name == _NAMES[0]:
            raise ModuleNotFoundError(name)


class DataFrame:
    """What pymilvus asks whether data is one: never."""


class _Types(ModuleType):
    """``pandas.api.types``: its functions, found when they are called."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("__"):
            raise AttributeError(name)

        def called(*arguments: Any, **options: Any) -> Any:
            return getattr(importlib.import_module(_NAMES[2]), name)(*arguments, **options)

        return called
