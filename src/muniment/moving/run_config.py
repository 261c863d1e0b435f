"""A Llama Stack ``run.yaml`` (OGX: ``config.yaml``) as it lies on disk."""

from dataclasses import dataclass
from pathlib import Path

import yaml

from muniment.errors import InputError
from muniment.moving.plain import Plain, entries, mapping, text

VERSIONS = ("2", "3")
_HINT = "Name the run.yaml that the Llama Stack server is started with."


@dataclass(frozen=True, slots=True)
class RunConfig:
    """The file's top level; substitutions are not made yet."""

    top: dict[str, Plain]

    @property
    def version(self) -> str:
        """Version of the file's format."""
        return text(self.top.get("version"))

    def providers(self, api: str) -> list[dict[str, Plain]]:
        """The providers of an API such as ``inference``."""
        return entries(mapping(self.top.get("providers")).get(api))

    def resources(self, kind: str) -> list[dict[str, Plain]]:
        """What is registered: at the top in 0.2, under ``registered_resources`` since 0.3."""
        registered = mapping(self.top.get("registered_resources"))
        return [*entries(self.top.get(kind)), *entries(registered.get(kind))]


def read_run_config(path: Path) -> RunConfig:
    """Read the file.

    Raises:
        InputError: codes ``run_config_unreadable`` (missing, not text, not YAML), ``not_a_run_config``,
            ``unknown_run_config_version``.
    """
    values = _read_yaml(path)
    if not isinstance(values, dict) or not isinstance(values.get("providers"), dict):
        raise InputError(
            f"{path} is not the run.yaml of a Llama Stack server: it has no `providers`.",
            code="not_a_run_config",
            hint=_HINT,
        )
    run = RunConfig(mapping(values))
    if run.version not in VERSIONS:
        raise InputError(
            f"{path} has version {run.version or 'none'}; versions {' and '.join(VERSIONS)} can be read.",
            code="unknown_run_config_version",
            hint="Llama Stack 0.2.12 and later write version 2; see with one of them what to mend.",
        )
    return run


def _read_yaml(path: Path) -> object:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path} is not valid YAML: {error}", code="run_config_unreadable", hint=_HINT
        ) from error
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror}.", code="run_config_unreadable", hint=_HINT
        ) from error
