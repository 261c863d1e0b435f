"""The providers that are switched on."""

from collections.abc import Mapping
from dataclasses import dataclass

from muniment.moving.environment import Environment, Secret, UnsetVariableError, variables_in
from muniment.moving.plain import Plain, mapping, text
from muniment.moving.remarks import Remarks
from muniment.moving.run_config import RunConfig

DISABLED = "__disabled__"
STATE = frozenset({"kvstore", "persistence", "metadata_store", "persistence_store", "responses_store"})
"""Where a provider of Llama Stack keeps its registry; ours is the catalog."""


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider with its configuration; values of secrets are not in it.

    Attributes:
        unset: the variable that is not set, for each option that has no value because of it.
    """

    api: str
    id: str
    type: str
    config: Mapping[str, Plain]
    secrets: Mapping[str, Secret]
    unset: Mapping[str, str]

    @property
    def kind(self) -> str:
        """The type without ``inline::`` or ``remote::``."""
        return self.type.rpartition("::")[2]

    @property
    def what(self) -> str:
        """How remarks call it."""
        return f"providers.{self.api}.{self.id}"

    def without(self, *known: str) -> list[str]:
        """Options that are set and not among ``known``, secrets and state left out."""
        return [
            key
            for key, value in self.config.items()
            if key not in known and key not in STATE and value not in (None, "", {}, [])
        ]


def enabled_providers(
    run: RunConfig, api: str, environment: Environment, remarks: Remarks
) -> dict[str, Provider]:
    """The providers of an API by id; a remark tells of those that are switched off."""
    found: dict[str, Provider] = {}
    off: list[str] = []
    for entry in run.providers(api):
        written = text(entry.get("provider_id"))
        try:
            name = text(environment.resolve(entry.get("provider_id")))
        except UnsetVariableError as error:
            remarks.left(f"providers.{api}.{written}", unset(error))
            continue
        if name in ("", DISABLED):
            off.append(_switched_off(entry, written))
        else:
            found[name] = _provider(api, name, entry, environment)
    if off:
        remarks.left(
            f"providers.{api}", f"Switched off, their variables are not set in this shell: {', '.join(off)}."
        )
    return found


def _provider(api: str, name: str, entry: Mapping[str, Plain], environment: Environment) -> Provider:
    config = mapping(entry.get("config"))
    options, unset_options = environment.resolve_options(config)
    return Provider(
        api=api,
        id=name,
        type=text(entry.get("provider_type")),
        config=options,
        secrets=environment.secrets(config),
        unset=unset_options,
    )


def unset(variable: UnsetVariableError | str) -> str:
    """Why something whose variable is not set cannot be carried over."""
    return f"The environment variable {variable} is not set and has no default. Set it and import again."


def _switched_off(entry: Mapping[str, Plain], written: str) -> str:
    names = variables_in(written)
    kind = text(entry.get("provider_type")).rpartition("::")[2] or "unnamed"
    return f"{kind} ({', '.join(names)})" if names else kind
