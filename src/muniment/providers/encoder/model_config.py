"""Reads what a sentence-transformers folder says about its encoder."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NoReturn, TypeVar

from pydantic import BaseModel, ConfigDict

from muniment.errors import InputError, NotFoundError

ModelType = Literal["bert", "roberta", "xlm-roberta", "mpnet"]
Pooling = Literal["mean", "cls"]
SUPPORTED_TYPES: tuple[ModelType, ...] = ("bert", "roberta", "xlm-roberta", "mpnet")
ACTIVATIONS = ("gelu", "gelu_new", "gelu_pytorch_tanh", "relu", "silu")
_IGNORED_MODULES = ("Transformer", "Pooling", "Normalize")


@dataclass(frozen=True, slots=True)
class EncoderConfig:
    """An encoder's architecture, and what to do with what it puts out.

    Attributes:
        weights: the file with the weights, safetensors or ONNX.
        position_offset: row of the position table of the first token.
        max_length: longest input in tokens, special tokens included.
        query_prompt: text put before a query, as the model was trained.
        document_prompt: text put before a passage.
    """

    folder: Path
    weights: Path
    model_type: str
    hidden_size: int
    heads: int
    layers: int
    activation: str
    norm_epsilon: float
    position_offset: int
    max_length: int
    pooling: Pooling
    query_prompt: str = ""
    document_prompt: str = ""


class _Lenient(BaseModel):
    model_config = ConfigDict(extra="ignore", protected_namespaces=())


_Model = TypeVar("_Model", bound=_Lenient)


class _Config(_Lenient):
    """The part of config.json that matters here."""

    model_type: str
    hidden_size: int = 0
    num_attention_heads: int = 0
    num_hidden_layers: int = 0
    hidden_act: str = "gelu"
    layer_norm_eps: float = 1e-12
    max_position_embeddings: int = 512
    position_embedding_type: str | None = "absolute"
    pad_token_id: int | None = None


class _PoolingConfig(_Lenient):
    pooling_mode: str | None = None
    pooling_mode_cls_token: bool = False
    pooling_mode_mean_tokens: bool = False
    pooling_mode_max_tokens: bool = False
    pooling_mode_mean_sqrt_len_tokens: bool = False
    pooling_mode_weightedmean_tokens: bool = False
    pooling_mode_lasttoken: bool = False


class _SentenceConfig(_Lenient):
    max_seq_length: int | None = None


class _PromptsConfig(_Lenient):
    prompts: dict[str, str] | None = None


class _Module(_Lenient):
    type: str
    path: str = ""


def read_config(folder: Path) -> EncoderConfig:
    """Read ``config.json`` and the sentence-transformers files beside it.

    Raises:
        NotFoundError: code ``weights_missing``, when a needed file is not there.
        InputError: code ``model_unsupported``, when the engine cannot compute this model.
    """
    raw = _Config.model_validate(_read_json(folder, "config.json"))
    weights = _weights_file(folder)
    # An ONNX graph carries its own architecture; only a graph built here must know it.
    if weights.suffix == ".safetensors":
        _require_supported(folder, raw)
    padding_index = 1 if raw.pad_token_id is None else raw.pad_token_id
    offset = 0 if raw.model_type == "bert" else padding_index + 1
    positions = raw.max_position_embeddings - offset
    sentence = _optional(folder / "sentence_bert_config.json", _SentenceConfig)
    prompts = _optional(folder / "config_sentence_transformers.json", _PromptsConfig).prompts or {}
    return EncoderConfig(
        folder=folder,
        weights=weights,
        model_type=raw.model_type,
        hidden_size=raw.hidden_size,
        heads=raw.num_attention_heads,
        layers=raw.num_hidden_layers,
        activation=raw.hidden_act,
        norm_epsilon=raw.layer_norm_eps,
        position_offset=offset,
        max_length=min(sentence.max_seq_length or positions, positions),
        pooling=_pooling(folder),
        query_prompt=prompts.get("query", ""),
        document_prompt=prompts.get("document", prompts.get("passage", "")),
    )


def _require_supported(folder: Path, raw: _Config) -> None:
    if raw.model_type not in SUPPORTED_TYPES:
        _unsupported(folder, f"model_type {raw.model_type!r}", ", ".join(SUPPORTED_TYPES))
    if raw.hidden_act not in ACTIVATIONS:
        _unsupported(folder, f"hidden_act {raw.hidden_act!r}", ", ".join(ACTIVATIONS))
    if raw.position_embedding_type not in (None, "absolute"):
        _unsupported(folder, f"position_embedding_type {raw.position_embedding_type!r}", "absolute")
    if min(raw.hidden_size, raw.num_attention_heads, raw.num_hidden_layers) < 1:
        _unsupported(
            folder,
            "hidden_size, num_attention_heads or num_hidden_layers below 1",
            "the sizes of a transformer encoder",
        )


def _weights_file(folder: Path) -> Path:
    names = ("model.safetensors", "model.onnx", "onnx/model.onnx")
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise NotFoundError(
        f"Model folder {folder} holds none of {', '.join(names)}.",
        code="weights_missing",
        hint="Put the model's weights there; PyTorch's .bin files are not read.",
    )


def _pooling(folder: Path) -> Pooling:
    modules = _modules(folder)
    for module in modules:
        if module.type.rpartition(".")[2] not in _IGNORED_MODULES:
            _unsupported(folder, f"module {module.type!r} in modules.json", ", ".join(_IGNORED_MODULES))
    path = next((m.path for m in modules if m.type.endswith("Pooling")), "1_Pooling")
    file = folder / path / "config.json"
    if not file.is_file():
        return "mean"
    config = _optional(file, _PoolingConfig)
    chosen = [config.pooling_mode] if config.pooling_mode else []
    flags = config.model_dump(exclude={"pooling_mode"}).items()
    chosen = chosen or [name.removeprefix("pooling_mode_") for name, on in flags if on]
    match chosen:
        case ["mean" | "mean_tokens"]:
            return "mean"
        case ["cls" | "cls_token"]:
            return "cls"
    _unsupported(folder, f"pooling {' + '.join(chosen) or 'none'}", "mean, cls")


def _modules(folder: Path) -> list[_Module]:
    file = folder / "modules.json"
    return [_Module.model_validate(entry) for entry in json.loads(file.read_text())] if file.is_file() else []


def _read_json(folder: Path, name: str) -> object:
    file = folder / name
    if not file.is_file():
        raise NotFoundError(
            f"Model folder {folder} holds no {name}.",
            code="weights_missing",
            hint="Name the folder that holds config.json, tokenizer.json and the weights.",
        )
    return json.loads(file.read_text(encoding="utf-8"))


def _optional(file: Path, kind: type[_Model]) -> _Model:
    return kind.model_validate(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else kind()


def _unsupported(folder: Path, what: str, supported: str) -> NoReturn:
    raise InputError(
        f"Model in {folder} has {what}, which this engine does not compute.",
        code="model_unsupported",
        hint=f"Supported: {supported}. Another model can be served behind /v1/embeddings and used with the "
        "provider `openai`.",
    )
