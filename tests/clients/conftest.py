"""One live server for all clients."""

from collections.abc import Iterator

import pytest
from live_server import Server, serving


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("clients")) as server:
        yield server
