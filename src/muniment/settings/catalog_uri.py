"""What may stand under ``catalog_uri``."""

import re
from typing import Annotated

from pydantic import AfterValidator

_EXPECTED = (
    "expected sqlite:///FILE, for one machine, or postgresql://USER:PASSWORD@HOST:PORT/DATABASE, for "
    "several; leave it out for a SQLite file in data_dir"
)
_SQLITE = "sqlite"
_POSTGRESQL = ("postgresql", "postgres", "postgresql+psycopg")

_PLACE = re.compile(r"([^:/]*(:[^@]*)?@)?(\[[^/?]+\]|[^/:?]*)(:[0-9]*)?([/?].*)?", re.DOTALL)
"""Name, password, host, port and the rest, as SQLAlchemy takes them apart, but a port is a number."""


def _checked(uri: str) -> str:
    """The URI when it names a database that a catalog can be in.

    Raises:
        ValueError: saying what was expected. No more of the URI is named than its beginning: a password may
            be anywhere in one that cannot be read.
    """
    scheme, separator, rest = uri.partition("://")
    if not separator:
        raise ValueError(f"not the URI of a database; {_EXPECTED}")
    if scheme == _SQLITE and not re.match("/.", rest):
        raise ValueError(f"names no file; {_EXPECTED}")
    if scheme not in (_SQLITE, *_POSTGRESQL):
        raise ValueError(f"a catalog cannot be in {scheme[:40]!r}; {_EXPECTED}")
    if scheme in _POSTGRESQL and not _PLACE.fullmatch(rest):
        raise ValueError(f"its host and port cannot be read; {_EXPECTED}")
    return uri


CatalogUri = Annotated[str, AfterValidator(_checked)]
"""The address of a database that a catalog can be in."""
