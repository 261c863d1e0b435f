"""The engine computes what transformers computes, for every architecture it names."""

import asyncio
import json
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest

from muniment.errors import InputError, MunimentError, NotFoundError, StorageError
from muniment.protocols import Embedder, ProviderContext
from muniment.providers.encoder import PROVIDER

ENCODERS = Path(__file__).parents[2] / "fixtures" / "encoders"
TEXTS = json.loads((ENCODERS / "texts.json").read_text(encoding="utf-8"))


async def load(folder: Path, data_dir: Path, **options: object) -> Embedder:
    checked = PROVIDER.options.model_validate({"path": str(folder), "threads": 1, **options})
    return await PROVIDER.create(checked, ProviderContext(data_dir, "tiny"))


def copy_of(name: str, folder: Path) -> Path:
    return Path(shutil.copytree(ENCODERS / name, folder / name))


def change(file: Path, **values: object) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | values))


@pytest.mark.parametrize("name", ["bert", "roberta", "mpnet", "onnx"])
@pytest.mark.parametrize(("precision", "cosine"), [("f32", 0.99999), ("bf16", 0.995), ("int8", 0.98)])
async def test_vectors_are_those_of_transformers(
    name: str, precision: str, cosine: float, tmp_path: Path
) -> None:
    embedder = await load(ENCODERS / name, tmp_path, precision=precision)
    vectors = await embedder.embed_texts(TEXTS)
    await embedder.aclose()
    expected = np.load(ENCODERS / name / "expected.npy")
    assert embedder.dimension == expected.shape[1]
    # Random weights have no slack in any direction: trained ones lose far less by rounding.
    assert (vectors * expected).sum(axis=1).min() > cosine


def engine_threads() -> int:
    return sum(thread.name.startswith("encoder-") for thread in threading.enumerate()) - sum(
        thread.name.startswith(("encoder-urgent", "encoder-passages")) for thread in threading.enumerate()
    )


async def test_the_graph_is_compiled_once_when_the_first_texts_come(tmp_path: Path) -> None:
    embedder = await load(ENCODERS / "bert", tmp_path)
    assert embedder.dimension == np.load(ENCODERS / "bert" / "expected.npy").shape[1]
    assert engine_threads() == 0
    first = [embedder.embed_query("a"), embedder.embed_query("b"), *(embedder.load() for _ in range(3))]
    await asyncio.gather(*first, embedder.embed_texts(TEXTS), embedder.embed_texts(TEXTS, urgent=True))
    assert engine_threads() == 1
    await embedder.aclose()
    assert engine_threads() == 0


async def test_weights_that_do_not_fit_the_graph_are_told_at_each_use(tmp_path: Path) -> None:
    folder = copy_of("bert", tmp_path)
    _rename_tensors(folder / "model.safetensors", "odd.", only="encoder.")
    embedder = await load(folder, tmp_path)
    for use in (embedder.load, lambda: embedder.embed_query("a"), lambda: embedder.embed_texts(["a"])):
        with pytest.raises(StorageError) as caught:
            await use()
        assert caught.value.code == "weights_damaged"
    await embedder.aclose()


async def test_prefixed_tensor_names_are_found(tmp_path: Path) -> None:
    folder = copy_of("roberta", tmp_path)
    _rename_tensors(folder / "model.safetensors", "roberta.")
    embedder = await load(folder, tmp_path, precision="f32")
    vectors = await embedder.embed_texts(TEXTS[:1])
    await embedder.aclose()
    assert float(vectors[0] @ np.load(folder / "expected.npy")[0]) > 0.99999


def _rename_tensors(file: Path, prefix: str, only: str = "") -> None:
    raw = file.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + length])
    named = {k: k if k == "__metadata__" or not k.startswith(only) else prefix + k for k in header}
    renamed = json.dumps({named[k]: v for k, v in header.items()}).encode()
    file.write_bytes(len(renamed).to_bytes(8, "little") + renamed + raw[8 + length :])


async def test_what_decides_a_vector_changes_the_fingerprint(tmp_path: Path) -> None:
    changed = copy_of("bert", tmp_path)
    change(changed / "sentence_bert_config.json", max_seq_length=32)
    seen = []
    for folder, precision in ((ENCODERS / "bert", "f32"), (ENCODERS / "bert", "int8"), (changed, "f32")):
        embedder = await load(folder, tmp_path, precision=precision)
        seen.append(embedder.fingerprint)
        await embedder.aclose()
    assert len(set(seen)) == 3
    again = await load(ENCODERS / "bert", tmp_path, precision="bf16")
    await again.aclose()
    assert again.fingerprint == seen[0]


async def test_prompts_of_the_model_stand_before_queries_alone(tmp_path: Path) -> None:
    folder = copy_of("bert", tmp_path)
    (folder / "config_sentence_transformers.json").write_text('{"prompts": {"query": "Employees: "}}')
    embedder = await load(folder, tmp_path, precision="f32")
    query = await embedder.embed_query("warranty")
    plain, prompted = await embedder.embed_texts(["warranty", "Employees: warranty"])
    await embedder.aclose()
    np.testing.assert_allclose(query, prompted, atol=1e-5)
    assert float(query @ plain) < 0.999


@pytest.mark.parametrize(
    ("file", "values", "named"),
    [
        ("config.json", {"model_type": "modernbert"}, "modernbert"),
        ("config.json", {"hidden_act": "selu"}, "selu"),
        ("config.json", {"position_embedding_type": "relative_key"}, "relative_key"),
        ("1_Pooling/config.json", {"pooling_mode": "lasttoken"}, "lasttoken"),
    ],
)
async def test_a_model_it_cannot_compute_is_refused_by_name(
    file: str, values: dict[str, object], named: str, tmp_path: Path
) -> None:
    folder = copy_of("bert", tmp_path)
    change(folder / file, **values)
    with pytest.raises(InputError, match=named) as caught:
        await load(folder, tmp_path)
    assert caught.value.code == "model_unsupported"
    assert "Supported:" in caught.value.hint


@pytest.mark.parametrize("file", ["config.json", "tokenizer.json", "model.safetensors"])
async def test_a_missing_file_is_named(file: str, tmp_path: Path) -> None:
    folder = copy_of("bert", tmp_path)
    (folder / file).unlink()
    with pytest.raises(NotFoundError, match=file.replace(".", r"\.")) as caught:
        await load(folder, tmp_path)
    assert caught.value.code == "weights_missing"


@pytest.mark.parametrize("file", ["bert/model.safetensors", "bert/tokenizer.json", "onnx/model.onnx"])
@pytest.mark.parametrize("kept", [0, 4, 900])
async def test_a_file_cut_short_is_called_damaged(file: str, kept: int, tmp_path: Path) -> None:
    folder = copy_of(Path(file).parent.name, tmp_path)
    damaged = folder / Path(file).name
    damaged.write_bytes(damaged.read_bytes()[:kept])
    with pytest.raises(StorageError) as caught:
        await load(folder, tmp_path)
    assert caught.value.code == "weights_damaged"


async def test_an_unknown_model_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(MunimentError) as caught:
        await PROVIDER.create(PROVIDER.options(model="all-minilm-l6"), ProviderContext(tmp_path))
    assert caught.value.code == "unknown_model"
    assert "all-MiniLM-L6-v2" in caught.value.hint
