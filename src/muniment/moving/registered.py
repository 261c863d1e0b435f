"""The resources that a run.yaml registers with providers that are switched on."""

from muniment.moving.environment import Environment, UnsetVariableError
from muniment.moving.plain import Plain, text
from muniment.moving.providers import DISABLED
from muniment.moving.run_config import RunConfig


def registered(run: RunConfig, kind: str, environment: Environment) -> list[dict[str, Plain]]:
    """The resources of a kind, in their order."""
    found = []
    for entry in run.resources(kind):
        provider = text(resolved(environment, entry.get("provider_id")))
        if "provider_id" not in entry or provider not in ("", DISABLED):
            found.append(dict(entry))
    return found


def resolved(environment: Environment, value: Plain) -> Plain:
    """The value; as it is written when a variable in it is not set."""
    try:
        return environment.resolve(value)
    except UnsetVariableError:
        return value
