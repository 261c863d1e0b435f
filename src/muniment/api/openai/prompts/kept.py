"""Prompts that are kept, with all their versions."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from muniment.api.openai.identifiers import new_id
from muniment.catalog.resources import Resources
from muniment.errors import ConflictError, InputError, NotFoundError
from muniment.types import JsonObject

PROMPT = "prompt"

_PLACEHOLDER = re.compile(r"\{\{\s*(\w+)\s*\}\}")


@dataclass(frozen=True, slots=True)
class PromptVersion:
    """One version of a prompt; ``variables`` are the names that may stand in it as ``{{ name }}``."""

    prompt_id: str
    version: int
    prompt: str
    variables: tuple[str, ...]
    is_default: bool


class KeptPrompts:
    """Reads and writes prompts. Methods that take an id raise NotFoundError ``unknown_prompt``."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    async def create(self, prompt: str, variables: Sequence[str]) -> PromptVersion:
        """A new prompt, its first version the default; InputError ``undeclared_variables``."""
        return await self._add(new_id("pmpt"), {"default": 1, "versions": []}, prompt, variables)

    async def get(self, prompt_id: str, version: int | None = None) -> PromptVersion:
        """One version; the default one when none is named."""
        body = await self._body(prompt_id)
        wanted = body["default"] if version is None else version
        if not 1 <= wanted <= len(body["versions"]):
            raise NotFoundError(
                f"Prompt {prompt_id!r} has no version {wanted}.",
                code="unknown_prompt",
                hint=f"Known versions: 1 to {len(body['versions'])}.",
            )
        return _version(prompt_id, body, wanted)

    async def list(self) -> tuple[PromptVersion, ...]:
        """The default version of every prompt, newest first."""
        kept = await asyncio.to_thread(self._resources.list, PROMPT, newest_first=True)
        return tuple(_version(one.id, one.body, one.body["default"]) for one in kept)

    async def versions(self, prompt_id: str) -> tuple[PromptVersion, ...]:
        """All versions, oldest first."""
        body = await self._body(prompt_id)
        return tuple(_version(prompt_id, body, number + 1) for number in range(len(body["versions"])))

    async def update(
        self, prompt_id: str, version: int, prompt: str, variables: Sequence[str], *, set_as_default: bool
    ) -> PromptVersion:
        """A new version after ``version``, which must be the latest.

        Raises:
            ConflictError: code ``prompt_changed``: there is a later version.
            InputError: code ``undeclared_variables``.
        """
        body = await self._body(prompt_id)
        latest = len(body["versions"])
        if version != latest:
            raise ConflictError(
                f"Version {version} of prompt {prompt_id!r} is not the latest, which is {latest}.",
                code="prompt_changed",
                hint=f"Read version {latest}, and base the change on it.",
            )
        default = latest + 1 if set_as_default else body["default"]
        return await self._add(prompt_id, {**body, "default": default}, prompt, variables)

    async def set_default(self, prompt_id: str, version: int) -> PromptVersion:
        """Make a version the default one."""
        await self.get(prompt_id, version)
        body = {**await self._body(prompt_id), "default": version}
        await asyncio.to_thread(self._resources.add, PROMPT, [(prompt_id, body)])
        return await self.get(prompt_id)

    async def remove(self, prompt_id: str) -> None:
        """Forget the prompt with all versions."""
        if not await asyncio.to_thread(self._resources.remove, PROMPT, prompt_id):
            raise _unknown(prompt_id)

    async def filled(self, prompt_id: str, version: int | None, values: Mapping[str, str]) -> str:
        """The text of a version with values for its variables.

        Raises:
            InputError: code ``invalid_variables``: a value is missing, or for no variable.
        """
        kept = await self.get(prompt_id, version)
        used = _placeholders(kept.prompt)
        missing = [name for name in used if name not in values]
        unknown = [name for name in values if name not in kept.variables]
        if missing or unknown:
            told = "; ".join(
                f"{what}: {', '.join(names)}"
                for what, names in (("missing", missing), ("not declared", unknown))
                if names
            )
            raise InputError(
                f"The variables do not fit prompt {prompt_id!r} ({told[:300]}).",
                code="invalid_variables",
                hint=f"Its variables are: {', '.join(kept.variables) or 'none'}.",
            )
        return _PLACEHOLDER.sub(lambda match: values[match[1]], kept.prompt)

    async def _add(
        self, prompt_id: str, body: JsonObject, prompt: str, variables: Sequence[str]
    ) -> PromptVersion:
        undeclared = [name for name in _placeholders(prompt) if name not in variables]
        if undeclared:
            raise InputError(
                f"Prompt contains undeclared variables: {undeclared}",
                code="undeclared_variables",
            )
        kept = [*body["versions"], {"prompt": prompt, "variables": list(dict.fromkeys(variables))}]
        body = {**body, "versions": kept}
        await asyncio.to_thread(self._resources.add, PROMPT, [(prompt_id, body)])
        return _version(prompt_id, body, len(kept))

    async def _body(self, prompt_id: str) -> JsonObject:
        kept = await asyncio.to_thread(self._resources.get, PROMPT, prompt_id)
        if kept is None:
            raise _unknown(prompt_id)
        return kept.body


def _placeholders(prompt: str) -> list[str]:
    """Names in double braces, each once, in order."""
    return list(dict.fromkeys(match[1] for match in _PLACEHOLDER.finditer(prompt)))


def _version(prompt_id: str, body: JsonObject, number: int) -> PromptVersion:
    kept = body["versions"][number - 1]
    return PromptVersion(
        prompt_id, number, kept["prompt"], tuple(kept["variables"]), number == body["default"]
    )


def _unknown(prompt_id: str) -> NotFoundError:
    return NotFoundError(
        f"There is no prompt {prompt_id[:100]!r}.", code="unknown_prompt", hint="GET /v1/prompts lists them."
    )
