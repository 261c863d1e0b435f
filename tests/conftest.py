"""What holds for all tests."""

import gc
import os
import sys
from collections.abc import AsyncIterator, Iterator
from itertools import count

import pytest
from hypothesis import settings

from milvus_servers import LiteServer, Standalone
from muniment.providers.s3.connection import Bucket
from muniment.providers.s3.options import S3Options
from s3_servers import ACCESS_KEY, SECRET_KEY, make_bucket, seaweedfs

# How long an example takes says how busy the machine is, not whether the promise holds.
settings.register_profile("muniment", deadline=None)
settings.load_profile("muniment")

# Each process a test starts would compile the package anew, and each run of the tests the tests themselves.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

_NUMBERS = count()


@pytest.fixture(scope="module", autouse=True)
def _what_stays_is_left_alone() -> None:
    """Libraries and tests stay to the end; every collection of garbage would look through them again, which
    took a quarter of the time of tests with a server.
    """
    gc.collect()
    gc.freeze()
    # Between modules all of it is seldom looked through.
    gc.set_threshold(700, 10, 50)


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with seaweedfs(tmp_path_factory.mktemp("seaweedfs")) as address:
        yield address


@pytest.fixture
def s3_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)


@pytest.fixture
async def bucket(s3_server: str, s3_keys: None) -> AsyncIterator[Bucket]:
    """An empty bucket."""
    made = Bucket(S3Options(bucket=f"bucket-{next(_NUMBERS)}", endpoint=s3_server))
    make_bucket(made)
    yield made
    await made.aclose()


@pytest.fixture(scope="session")
def lite_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiteServer]:
    """Milvus Lite's own server."""
    server = LiteServer(tmp_path_factory.mktemp("milvus_lite"))
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="session")
def standalone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standalone]:
    """Milvus 2.3.5; starting it takes up to a minute."""
    server = Standalone(tmp_path_factory.mktemp("milvus_standalone"))
    server.start()
    yield server
    server.kill()
