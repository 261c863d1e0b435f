"""What Muniment has no settings for, and what to do instead."""

from muniment.moving.environment import Environment
from muniment.moving.models import packaged_name
from muniment.moving.plain import mapping, text
from muniment.moving.registered import registered, resolved
from muniment.moving.remarks import Remarks
from muniment.moving.run_config import RunConfig
from muniment.settings.model import DEFAULT_EMBEDDING_MODEL

_APIS = {
    "eval": "Evaluation jobs are not offered.",
    "scoring": "Scoring functions are not offered; every answer carries the verdicts of its own check.",
    "datasetio": "Datasets are not offered.",
    "post_training": "Training is not offered.",
    "telemetry": "Traces are not exported; every answer carries its timings.",
    "batches": "Batches are not offered.",
    "skills": "Skills are not offered.",
    "interactions": "The interactions interface is not offered.",
    "messages": "The messages interface is not offered.",
}
_RESOURCES = {
    "datasets": ("dataset_id", "Datasets are not offered."),
    "scoring_fns": ("scoring_fn_id", "Scoring functions are not offered."),
    "benchmarks": ("benchmark_id", "Benchmarks are not offered."),
}
_TOP = {
    "external_providers_dir": "Providers of Llama Stack do not fit; see docs/guides/write-a-provider.md.",
    "external_apis_dir": "APIs of Llama Stack cannot be added.",
    "safety": "There is no default shield.",
    "logging": "server.log_level sets the least severe log line.",
    "quota": "Requests are not counted; a proxy can limit them.",
}


def tell_of_leftovers(run: RunConfig, environment: Environment, remarks: Remarks) -> None:
    """One remark for each thing that stands in the file and that no setting stands for."""
    for kind, (key, why) in _RESOURCES.items():
        for name in _names(run, kind, key, environment):
            remarks.left(f"{kind}.{name}", why)
    for api, why in _APIS.items():
        kinds = [text(entry.get("provider_type")) for entry in run.providers(api)]
        if kinds:
            remarks.left(f"providers.{api}", f"{', '.join(kinds)}: {why}")
    _tell_of_files(run, remarks)
    _tell_of_telemetry(run, remarks)
    _tell_of_vector_store_defaults(run, environment, remarks)
    for key, why in _TOP.items():
        if run.top.get(key):
            remarks.left(key, why)


def _tell_of_files(run: RunConfig, remarks: Remarks) -> None:
    for entry in run.providers("files"):
        kind = text(entry.get("provider_type"))
        remarks.left(
            f"providers.files.{text(entry.get('provider_id'))}",
            f"Files uploaded to {kind} are not copied: upload them again, or name their folder as a source.",
        )


def _tell_of_telemetry(run: RunConfig, remarks: Remarks) -> None:
    if mapping(run.top.get("telemetry")).get("enabled"):
        remarks.left("telemetry", _APIS["telemetry"])


def _tell_of_vector_store_defaults(run: RunConfig, environment: Environment, remarks: Remarks) -> None:
    defaults = mapping(run.top.get("vector_stores"))
    model = text(resolved(environment, mapping(defaults.get("default_embedding_model")).get("model_id")))
    if model and packaged_name(model) != DEFAULT_EMBEDDING_MODEL:
        remarks.left(
            "vector_stores.default_embedding_model",
            f"Stores that are created without naming a model use {DEFAULT_EMBEDDING_MODEL}, not {model}.",
        )
    others = [key for key in defaults if key not in ("default_embedding_model", "default_provider_id")]
    if others:
        remarks.left("vector_stores", f"Defaults without a counterpart: {', '.join(others)}.")


def _names(run: RunConfig, kind: str, key: str, environment: Environment) -> list[str]:
    """Names of resources whose provider is switched on."""
    return [text(resolved(environment, entry.get(key))) for entry in registered(run, kind, environment)]
