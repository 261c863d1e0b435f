"""The whole translation: a run.yaml in, settings and remarks out."""

from collections.abc import Mapping
from dataclasses import dataclass

from muniment.moving.environment import Environment
from muniment.moving.leftovers import tell_of_leftovers
from muniment.moving.models import Models, translate_models
from muniment.moving.plain import Plain
from muniment.moving.providers import enabled_providers
from muniment.moving.remarks import Outcome, Remark, Remarks
from muniment.moving.run_config import RunConfig
from muniment.moving.server import translate_server
from muniment.moving.stores import translate_catalog, translate_vector_store
from muniment.moving.tools import translate_mcp_servers, translate_shields
from muniment.moving.vector_dbs import translate_vector_dbs
from muniment.settings.model import DEFAULT_GENERATOR


@dataclass(frozen=True, slots=True)
class Translation:
    """Settings as plain values, in the order they are written, and what is to be said about them."""

    values: dict[str, Plain]
    remarks: tuple[Remark, ...]

    def of(self, outcome: Outcome) -> tuple[Remark, ...]:
        """The remarks of one outcome."""
        return tuple(remark for remark in self.remarks if remark.outcome is outcome)


def translate(run: RunConfig, variables: Mapping[str, str]) -> Translation:
    """The settings that do what the run.yaml does, with ``variables`` as its environment.

    No secret's value is in the result: settings name the variable that holds it.
    """
    environment, remarks = Environment(variables), Remarks()
    inference = enabled_providers(run, "inference", environment, remarks)
    vector_io = enabled_providers(run, "vector_io", environment, remarks)
    models = translate_models(run, inference, environment, remarks)
    collections, used = translate_vector_dbs(run, vector_io, models, environment, remarks)
    servers = translate_mcp_servers(run, environment, remarks)
    sections: dict[str, Plain] = {
        "data_dir": "./muniment-data",
        "collections": {**collections},
        "vector_store": {**translate_vector_store(vector_io, used, remarks)},
        "catalog_uri": translate_catalog(run, environment, remarks),
        **_models(models),
        "shields": translate_shields(run, models, environment, remarks),
        "mcp": {"servers": servers} if servers else None,
        "server": translate_server(run, environment, remarks),
    }
    tell_of_leftovers(run, environment, remarks)
    return Translation({key: value for key, value in sections.items() if value}, remarks.made)


def _models(models: Models) -> dict[str, Plain]:
    default = models.default_generator
    return {
        "embedding_models": {**models.embedding_models},
        "generators": {**models.generators},
        "default_generator": default if default != DEFAULT_GENERATOR else None,
    }
