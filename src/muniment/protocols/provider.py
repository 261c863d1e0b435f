"""How a provider announces itself."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

Made = TypeVar("Made", covariant=True)


@dataclass(frozen=True, slots=True)
class ProviderContext:
    """What every provider may use besides its own options.

    Attributes:
        data_dir: folder for the provider's own files; exists.
        name: the name under which the settings declare it, such as a model's name.
        own_paths: files and folders that Muniment itself writes to; a source leaves them out.
    """

    data_dir: Path
    name: str = ""
    own_paths: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Provider(Generic[Made]):
    """What an entry point of the groups ``muniment.<kind>`` refers to.

    Attributes:
        name: the name used in the settings.
        options: pydantic model of the options; refuses unknown keys.
        create: makes the object from checked options; raises MunimentError with a hint.
    """

    name: str
    options: type[BaseModel]
    create: Callable[[Any, ProviderContext], Awaitable[Made]]
