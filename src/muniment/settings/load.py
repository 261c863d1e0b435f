"""Reads settings: defaults, then the YAML file, then the environment."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from muniment.errors import SettingsError
from muniment.paths import without_parents
from muniment.settings.model import ProviderSettings, Settings
from muniment.settings.problems import describe_problems, known_keys, near_name

AnyProvider = TypeVar("AnyProvider", bound=ProviderSettings)

PREFIX = "MUNIMENT_"
FILE_VARIABLE = "MUNIMENT_CONFIG"
DEFAULT_FILE = "muniment.yaml"
RESERVED = frozenset({FILE_VARIABLE})


def find_settings_file(explicit: Path | None, environment: Mapping[str, str] | None = None) -> Path | None:
    """The settings file in force: the given one, ``$MUNIMENT_CONFIG``, or ``./muniment.yaml`` if there.

    Raises:
        SettingsError: a file was named but does not exist.
    """
    environment = os.environ if environment is None else environment
    named = explicit or (Path(environment[FILE_VARIABLE]) if environment.get(FILE_VARIABLE) else None)
    if named is None:
        default = Path(DEFAULT_FILE)
        return default if default.exists() else None
    if not named.is_file():
        raise SettingsError(
            f"Settings file {str(named)!r} does not exist.",
            code="settings_file_missing",
            hint="Name an existing file with --config or MUNIMENT_CONFIG; `muniment config init` writes one.",
        )
    return named


def load_settings(path: Path | None = None, environment: Mapping[str, str] | None = None) -> Settings:
    """Settings from ``path`` (defaults alone when None) with the environment laid over them.

    Environment names are ``MUNIMENT_`` plus the path of the key in capitals, parts joined by ``__``:
    ``MUNIMENT_SERVER__PORT=9000``. Relative paths are taken from the folder of the file.

    Raises:
        SettingsError: unreadable YAML, an unknown key or MUNIMENT_* name, or a wrong value.
    """
    environment = os.environ if environment is None else environment
    values = _read_yaml(path) if path else {}
    _overlay_environment(values, environment)
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        raise SettingsError(
            describe_problems(error, Settings),
            hint=f"Settings come from {path or 'defaults'} and MUNIMENT_* variables; "
            "docs/reference/settings.md lists every key.",
        ) from error
    base = (path.parent if path else Path()).resolve()
    return _with_absolute_paths(settings, base)


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{path} is not valid YAML: {error}", hint="Mend the line named above."
        ) from error
    except OSError as error:
        raise SettingsError(
            f"{path} cannot be read: {error.strerror}", code="settings_file_unreadable"
        ) from error
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise SettingsError(f"{path} must hold keys and values, not {type(values).__name__}.")
    return values


def _overlay_environment(values: dict[str, Any], environment: Mapping[str, str]) -> None:
    for name in sorted(environment):
        if not name.startswith(PREFIX) or name in RESERVED:
            continue
        keys = name.removeprefix(PREFIX).lower().split("__")
        _refuse_unknown(name, keys)
        target = values
        for key in keys[:-1]:
            target = target.setdefault(_existing_key(target, key), {})
            if not isinstance(target, dict):
                raise SettingsError(f"{name}: {key!r} holds a value, not keys.")
        target[_existing_key(target, keys[-1])] = _parse_value(name, environment[name])


def _existing_key(target: dict[str, Any], key: str) -> str:
    """The key as the file spells it: environment names know no case, and no hyphens."""
    return next((k for k in target if k.lower().replace("-", "_") == key.replace("-", "_")), key)


def _parse_value(name: str, text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise SettingsError(f"{name}: cannot be read as a YAML value: {error}") from error


def _refuse_unknown(name: str, keys: list[str]) -> None:
    top = sorted({*Settings.model_fields, *(name.removeprefix(PREFIX).lower() for name in RESERVED)})
    if keys[0] not in top:
        raise _unknown_variable(name, keys, 0, top)
    annotation_keys = known_keys(Settings, (keys[0],))
    is_plain_section = keys[0] in ("server", "ingest", "reconcile")
    if is_plain_section and len(keys) > 1 and keys[1] not in annotation_keys:
        raise _unknown_variable(name, keys, 1, annotation_keys)


def _unknown_variable(name: str, keys: list[str], place: int, known: list[str]) -> SettingsError:
    """``keys[place]`` is none of ``known``; only that part is compared, the rest is alike in all names."""
    near = near_name(keys[place], known)
    meant = [*keys[:place], near, *keys[place + 1 :]] if near else []
    listed = f"; {'.'.join(keys[:place])} has {', '.join(known)}" if place else ""
    said = f"did you mean {_variable(meant)!r}?" if meant else f"no setting {'.'.join(keys)!r}{listed}."
    return SettingsError(
        f"Unknown environment variable {name}: {said}",
        code="unknown_environment_variable",
        hint=f"Unset it, or mend its spelling. Variables are {PREFIX}<SETTING>, as {PREFIX}SERVER__PORT for "
        "server.port; docs/reference/settings.md lists the settings.",
    )


def _variable(keys: list[str]) -> str:
    return PREFIX + "__".join(keys).upper()


def _with_absolute_paths(settings: Settings, base: Path) -> Settings:
    collections = {
        name: collection.model_copy(
            update={
                "sources": tuple(_with_absolute_path(source, base) for source in collection.sources),
                "gate": collection.gate
                and collection.gate.model_copy(
                    update={"questions": without_parents(base / collection.gate.questions.expanduser())}
                ),
            }
        )
        for name, collection in settings.collections.items()
    }
    return settings.model_copy(
        update={
            "data_dir": without_parents(base / settings.data_dir.expanduser()),
            "collections": collections,
            "embedding_models": {
                n: _with_absolute_path(p, base) for n, p in settings.embedding_models.items()
            },
            "generators": {n: _with_absolute_path(p, base) for n, p in settings.generators.items()},
            "rerankers": {n: _with_absolute_path(p, base) for n, p in settings.rerankers.items()},
            "parser": _with_absolute_path(settings.parser, base),
            "file_store": _with_absolute_path(settings.file_store, base),
            "vector_store": _with_absolute_path(settings.vector_store, base),
        }
    )


PATH_KEYS = frozenset(
    {
        "access_key_file",
        "api_key_file",
        "artifacts_path",
        "ca_file",
        "model_path",
        "path",
        "secret_key_file",
        "tokenizer_path",
    }
)


def _with_absolute_path(provider: AnyProvider, base: Path) -> AnyProvider:
    """The provider's settings with every option that holds a path made absolute."""
    moved = {
        key: str(without_parents(base / Path(value).expanduser()))
        for key, value in provider.options.items()
        if key in PATH_KEYS and isinstance(value, str)
    }
    return type(provider).model_validate({**provider.model_dump(), **moved}) if moved else provider
