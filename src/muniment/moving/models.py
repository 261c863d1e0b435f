"""Registered models: language models become generators, embedding models keep their names."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from muniment.moving.endpoints import Endpoint, endpoint_of
from muniment.moving.environment import Environment, UnsetVariableError
from muniment.moving.plain import Plain, mapping, text
from muniment.moving.providers import DISABLED, Provider, unset
from muniment.moving.remarks import Remarks
from muniment.moving.run_config import RunConfig
from muniment.settings.model import DEFAULT_EMBEDDING_MODEL, DEFAULT_GENERATOR
from muniment.weights import CATALOGUE

_ONE_MODEL = frozenset({"vllm", "tgi", "ollama"})
"""Servers on one's own hardware, which may be declared without naming the model they serve."""


@dataclass(frozen=True, slots=True)
class Model:
    """A registered model."""

    id: str
    provider: str
    provider_model: str
    embedding: bool
    dimension: int | None

    @property
    def what(self) -> str:
        """How remarks call it."""
        return f"models.{self.id}"


@dataclass(slots=True)
class Models:
    """What the models became.

    Attributes:
        generators, embedding_models: sections of our settings.
        embedding_names: our name of an embedding model for every name it goes by.
        default_generator: the first language model that is not there to judge others.
    """

    generators: dict[str, dict[str, Plain]] = field(default_factory=dict)
    embedding_models: dict[str, dict[str, Plain]] = field(default_factory=dict)
    embedding_names: dict[str, str] = field(default_factory=dict)
    default_generator: str = DEFAULT_GENERATOR


def translate_models(
    run: RunConfig, providers: Mapping[str, Provider], environment: Environment, remarks: Remarks
) -> Models:
    """Generators and embedding models for everything that is registered."""
    registered = _registered(run, environment, remarks)
    judges = _judges(run, environment)
    found = Models()
    endpoints = _endpoints(providers, registered, remarks)
    for model in registered:
        provider = providers.get(model.provider)
        if provider is None:
            remarks.left(model.what, f"Its provider {model.provider!r} is not declared or switched off.")
        elif model.embedding:
            _add_embedding_model(found, model, provider, endpoints, remarks)
        elif endpoint := endpoints.get(provider.id):
            _add_generator(found, model, endpoint, judges, remarks)
        else:
            remarks.left(model.what, f"Its provider {provider.id!r} could not be carried over.")
    _add_unnamed(found, registered, endpoints, providers, remarks)
    return found


def packaged_name(name: str) -> str | None:
    """Our name of an embedding model whose weights are packaged: ``org/name`` and paths are looked into."""
    last = PurePosixPath(name.rstrip("/")).name
    known = CATALOGUE.get(last)
    return last if known is not None and known.kind == "embedding" else None


def _registered(run: RunConfig, environment: Environment, remarks: Remarks) -> list[Model]:
    models = []
    for entry in run.resources("models"):
        try:
            values = mapping(environment.resolve(entry))
        except UnsetVariableError as error:
            remarks.left(f"models.{text(entry.get('model_id'))}", unset(error))
            continue
        name, provider = text(values.get("model_id")), text(values.get("provider_id"))
        dimension = mapping(values.get("metadata")).get("embedding_dimension")
        if name and provider not in ("", DISABLED):
            models.append(
                Model(
                    id=name,
                    provider=provider,
                    provider_model=text(values.get("provider_model_id")) or name,
                    embedding=values.get("model_type") == "embedding",
                    dimension=dimension if isinstance(dimension, int) else None,
                )
            )
    return models


def _judges(run: RunConfig, environment: Environment) -> set[str]:
    """Names of models that shields use."""
    names: set[str] = set()
    for entry in run.resources("shields"):
        for key in ("provider_shield_id", "shield_id"):
            try:
                names.add(text(environment.resolve(entry.get(key))))
            except UnsetVariableError:
                continue
    return names


def _endpoints(
    providers: Mapping[str, Provider], registered: list[Model], remarks: Remarks
) -> dict[str, Endpoint]:
    """Addresses of the providers that are needed, by id."""
    named = {model.provider for model in registered}
    found = {}
    for provider in providers.values():
        wanted = provider.id in named or provider.kind in _ONE_MODEL
        if provider.kind == "sentence-transformers":
            continue
        if not wanted:
            remarks.left(provider.what, "No model is registered with it. Declare one under generators.")
        elif endpoint := endpoint_of(provider, remarks):
            found[provider.id] = endpoint
    return found


def _add_generator(
    found: Models, model: Model, endpoint: Endpoint, judges: set[str], remarks: Remarks
) -> None:
    name = model.id if model.id != DEFAULT_GENERATOR else f"{model.provider}/{model.id}"
    found.generators[name] = {**endpoint.options, "model": model.provider_model}
    is_judge = "guard" in name.lower() or model.id in judges
    if found.default_generator == DEFAULT_GENERATOR and not is_judge:
        found.default_generator = name
    remarks.carried(model.what, f"generators.{name} at {endpoint.base_url}.")


def _add_unnamed(
    found: Models,
    registered: list[Model],
    endpoints: Mapping[str, Endpoint],
    providers: Mapping[str, Provider],
    remarks: Remarks,
) -> None:
    """Endpoints whose models Llama Stack asks for at start: declared without a model's name."""
    named = {model.provider for model in registered if not model.embedding}
    for provider_id, endpoint in endpoints.items():
        serves_one = providers[provider_id].kind in _ONE_MODEL
        if provider_id in named or not serves_one or any(m.provider == provider_id for m in registered):
            continue
        found.generators[provider_id] = endpoint.options
        if found.default_generator == DEFAULT_GENERATOR:
            found.default_generator = provider_id
        remarks.changed(
            providers[provider_id].what,
            f"No model is registered with it, so generators.{provider_id} names none: "
            "add `model` if the server has more than one.",
        )


def _add_embedding_model(
    found: Models,
    model: Model,
    provider: Provider,
    endpoints: Mapping[str, Endpoint],
    remarks: Remarks,
) -> None:
    endpoint = endpoints.get(provider.id)
    if provider.kind == "sentence-transformers":
        name = _add_local(found, model, remarks)
    elif endpoint is not None:
        found.embedding_models[model.id] = {**endpoint.options, "model": model.provider_model}
        name = model.id
        remarks.carried(model.what, f"embedding_models.{name} at {endpoint.base_url}.")
    else:
        name = ""
        remarks.left(model.what, f"Its provider {provider.id!r} could not be carried over.")
    if name:
        aliases = (model.id, f"{provider.id}/{model.id}", f"{provider.id}/{model.provider_model}")
        found.embedding_names |= dict.fromkeys((*aliases, model.provider_model), name)


def _add_local(found: Models, model: Model, remarks: Remarks) -> str:
    """A model of sentence-transformers: packaged here, or weights that lie in a folder."""
    packaged = packaged_name(model.provider_model) or packaged_name(model.id)
    if packaged is not None:
        if packaged != model.id:
            found.embedding_models[model.id] = {"provider": "encoder", "model": packaged}
        _compare_dimension(model, packaged, remarks)
        remarks.carried(
            model.what, f"The packaged model {packaged}; `muniment models get {packaged}` fetches it."
        )
        return model.id
    if model.provider_model.startswith("/"):
        found.embedding_models[model.id] = {"provider": "encoder", "path": model.provider_model}
        remarks.carried(model.what, f"The weights in {model.provider_model}.")
        return model.id
    remarks.left(
        model.what,
        f"No weights of {model.provider_model} are packaged. Declare a server that has it under "
        "embedding_models (vLLM or another with /v1/embeddings), or a folder with its weights. "
        f"Until then collections use {DEFAULT_EMBEDDING_MODEL}.",
    )
    return ""


def _compare_dimension(model: Model, packaged: str, remarks: Remarks) -> None:
    real = CATALOGUE[packaged].dimension
    if model.dimension is not None and model.dimension != real:
        remarks.changed(
            model.what, f"embedding_dimension says {model.dimension}; vectors of {packaged} have {real}."
        )
