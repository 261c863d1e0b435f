"""The compiled pipeline, run whole: S3, PostgreSQL and Milvus are real, and a shard is killed on the way."""

import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
import yaml
from kfp_pipeline import KfpPipeline
from servers import milvus
from workspaces import ingest

from muniment.build import open_workspace
from muniment.collections.local import LocalWorkspace
from muniment.providers.s3.connection import Bucket
from muniment.settings import Settings
from s3_servers import ACCESS_KEY, SECRET_KEY

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

DOCUMENTS = {
    f"docs/{kind}-{number}.txt": f"# {kind.title()} {number}\n\n"
    f"The {kind} of machine M-{number} is checked every {number + 3} weeks by team {number % 7}.\n"
    for kind in ("pump", "valve", "motor")
    for number in range(20)
}


@pytest.fixture(scope="module")
def milvus_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with milvus(tmp_path_factory.mktemp("milvus")) as uri:
        yield uri


@pytest.fixture
def catalog(postgres_server: str) -> str:
    name = f"catalog_{uuid4().hex}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return f"{postgres_server.removesuffix('/postgres')}/{name}"


@pytest.fixture
async def filled(bucket: Bucket) -> Bucket:
    for name, text in DOCUMENTS.items():
        await bucket.put(name, text.encode())
    return bucket


def declared(bucket: Bucket, milvus_uri: str, dimension: int) -> dict[str, object]:
    place = {"provider": "s3", "bucket": bucket.options.bucket, "endpoint": bucket.options.endpoint}
    return {
        "collections": {"docs": {"sources": [{**place, "prefix": "docs/"}], "embedding_model": "small"}},
        "parser": {"provider": "fake"},
        "file_store": {**place, "prefix": "kept"},
        # Patient, since many processes start at once here.
        "vector_store": {"provider": "milvus", "uri": milvus_uri, "connect_timeout_s": 30, "timeout_s": 60},
        "embedding_models": {"small": {"provider": "fake", "dimension": dimension}},
        "default_embedding_model": "small",
        # One document after the other, so that a kill finds some in and some not.
        "ingest": {"batch_chunks": 1, "readers": 1, "lease_s": 2},
    }


@pytest.fixture
def pipeline(filled: Bucket, milvus_uri: str, catalog: str, tmp_path: Path) -> KfpPipeline:
    settings = tmp_path / "muniment.yaml"
    settings.write_text(yaml.safe_dump(declared(filled, milvus_uri, 64)))
    secrets = {
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "MUNIMENT_CATALOG_URI": catalog,
    }
    return KfpPipeline(tmp_path / "pipeline", settings, secrets)


@asynccontextmanager
async def opened(settings: dict[str, object], data_dir: Path) -> AsyncIterator[LocalWorkspace]:
    workspace = await open_workspace(
        Settings.model_validate({**settings, "data_dir": str(data_dir)}), serving=False
    )
    try:
        yield workspace
    finally:
        await workspace.aclose()


async def rows(workspace: LocalWorkspace) -> dict[int, str]:
    index = workspace._parts.runtime("docs").open_index()
    return {hit.id: hit.chunk.text for hit in await index.get(sorted(await index.ids()))}


async def clean_ingestion(settings: dict[str, object], data_dir: Path) -> dict[int, str]:
    alone = {**settings, "file_store": {"provider": "folder"}, "vector_store": {"provider": "milvus"}}
    async with opened(alone, data_dir) as workspace:
        assert (await ingest(workspace)).done == len(DOCUMENTS)
        return await rows(workspace)


def shards_in(calls: list[list[str]]) -> Counter[str]:
    return Counter(call[call.index("--shard") + 1] for call in calls if call[0] == "apply")


async def test_a_bucket_is_ingested_in_shards_and_only_the_killed_one_is_tried_again(
    pipeline: KfpPipeline, filled: Bucket, milvus_uri: str, catalog: str, tmp_path: Path
) -> None:
    file = pipeline.compile(
        "--image=registry.example/muniment:1",
        "--shards=4",
        "--question=when is the pump of machine M-7 checked",
        "--secret=muniment:AWS_ACCESS_KEY_ID",
        "--secret=muniment:AWS_SECRET_ACCESS_KEY",
        "--secret=muniment:MUNIMENT_CATALOG_URI",
    )
    for secret in pipeline.environment.values():
        assert secret not in file.read_text()

    pipeline.run(file, VICTIM="2/4")
    assert (pipeline.folder / "killed").exists()
    assert shards_in(pipeline.calls) == {"0/4": 1, "1/4": 1, "2/4": 2, "3/4": 1}
    names = [call[0] for call in pipeline.calls]
    assert (names[:2], names[-1]) == (["verify", "plan"], "verify")

    settings = {**declared(filled, milvus_uri, 64), "catalog_uri": catalog}
    clean = await clean_ingestion(declared(filled, milvus_uri, 64), tmp_path / "clean")
    async with opened(settings, tmp_path / "look") as workspace:
        assert await rows(workspace) == clean
        status = await workspace.collection("docs")
        assert (status.documents, status.failed, status.mended) == (len(DOCUMENTS), 0, ())

    pipeline.forget_calls()
    pipeline.run(file)
    assert shards_in(pipeline.calls) == {"0/1": 1}
    last = json.loads(pipeline.call("runs", "docs", "--json"))["runs"][0]
    assert (last["shard"], last["done"], last["removed"]) == ("0/1", 0, 0)


async def test_a_new_generation_is_built_in_shards_and_promoted(
    pipeline: KfpPipeline, filled: Bucket, milvus_uri: str, catalog: str, tmp_path: Path
) -> None:
    pipeline.call("ingest", "docs")
    pipeline.forget_calls()
    wanted = declared(filled, milvus_uri, 96)
    pipeline.settings.write_text(yaml.safe_dump(wanted))
    file = pipeline.compile("--image=registry.example/muniment:1", "--shards=3")
    pipeline.run(file, VICTIM="1/3")
    assert (pipeline.folder / "killed").exists()
    assert shards_in(pipeline.calls) == {"0/3": 1, "1/3": 2, "2/3": 1}
    assert ["verify", "docs", "--staged"] in pipeline.calls
    assert pipeline.calls[-1] == ["promote", "docs"]
    clean = await clean_ingestion(wanted, tmp_path / "clean")
    async with opened({**wanted, "catalog_uri": catalog}, tmp_path / "look") as workspace:
        status = await workspace.collection("docs")
        assert (status.generation, status.dimension, status.wanted, status.mended) == (2, 96, (), ())
        assert await rows(workspace) == clean
        assert (await workspace.verify("docs")).ok
