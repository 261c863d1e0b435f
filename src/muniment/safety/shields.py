"""The shields there are, and having them judge."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from muniment.answer.models import Models
from muniment.catalog.resources import Resources
from muniment.errors import InputError, NotFoundError, NotOfferedError, unknown_name
from muniment.protocols import ChatModel
from muniment.safety.llama_guard import Said, guard_request, verdict_of
from muniment.settings.model import ShieldSettings

SHIELD = "shield"
"""Kind of the kept objects; ``provider_resource_id`` names the model."""

REFUSAL = "I can't answer that. Can I help with something else?"
"""What is said in place of something unsafe, in Llama Stack's words."""


@dataclass(frozen=True, slots=True)
class Violation:
    """What is wrong with a message: the codes of the categories."""

    codes: tuple[str, ...]

    @property
    def message(self) -> str:
        """What the user is told."""
        return REFUSAL


class Shield:
    """A shield whose model is there.

    Args:
        ignore: codes of categories that are let pass.
    """

    def __init__(self, identifier: str, chat: ChatModel, ignore: Sequence[str] = ()) -> None:
        self.identifier = identifier
        self._chat = chat
        self._ignore = frozenset(ignore)

    async def judge(self, messages: Sequence[Said]) -> Violation | None:
        """Whether the last of the messages violates something, the others being what was said before.

        Raises:
            InputError: ``no_messages``.
            UnavailableError: ``shield_unreadable``, ``generator_unavailable`` and others of the model: then
                nothing was judged.
        """
        if not messages:
            raise InputError(
                "There is no message to judge.", code="no_messages", hint="Send at least one with text."
            )
        completion = await self._chat.complete(guard_request(messages))
        codes = [code for code in verdict_of(completion, self.identifier) if code not in self._ignore]
        return Violation(tuple(codes)) if codes else None


class Shields:
    """Finds shields: those of the settings, and those that clients have registered."""

    def __init__(self, declared: Mapping[str, ShieldSettings], resources: Resources, models: Models) -> None:
        self._declared = declared
        self._resources = resources
        self._models = models

    async def names(self) -> list[str]:
        """The ids of all shields, those of the settings first."""
        kept = await asyncio.to_thread(self._resources.list, SHIELD)
        return [*self._declared, *(one.id for one in kept if one.id not in self._declared)]

    async def check(self, identifier: str) -> None:
        """That there is such a shield; NotFoundError ``unknown_shield``."""
        await self._model_of(identifier)

    async def find(self, identifier: str) -> Shield:
        """The shield, ready to judge.

        Raises:
            NotFoundError: ``unknown_shield``.
            NotOfferedError: no language model is called what the shield names.
        """
        model = await self._model_of(identifier)
        try:
            chat = await self._models.resolve(model)
        except NotFoundError as error:
            raise NotOfferedError(
                f"Shield {identifier[:200]!r} cannot be run: this server has no safety provider for it, "
                f"since no language model is called {model[:200]!r}.",
                hint="Declare a generator with a Llama Guard behind it, and name it in `shields` of the "
                f"settings or as provider_shield_id. {error.hint}",
            ) from None
        ignore = self._declared[identifier].ignore if identifier in self._declared else ()
        return Shield(identifier, chat, ignore)

    async def named(self, name: str | None) -> Shield:
        """The shield of that id, or the first one with that model; the first of all for None.

        Raises:
            NotFoundError: ``unknown_shield``.
            NotOfferedError: as ``find``; there is none.
        """
        names = await self.names()
        if name is None and not names:
            raise NotOfferedError(
                "This server has no shield.",
                hint="Declare a generator with a Llama Guard behind it, and name it in `shields` of the "
                "settings.",
            )
        if name is None or name in names:
            return await self.find(name or names[0])
        for one in names:
            if await self._model_of(one) == name:
                return await self.find(one)
        raise unknown_name("shield", name[:200], names)

    async def _model_of(self, identifier: str) -> str:
        if identifier in self._declared:
            return self._declared[identifier].model
        kept = await asyncio.to_thread(self._resources.get, SHIELD, identifier)
        if kept is None:
            raise unknown_name("shield", identifier[:200], await self.names())
        return str(kept.body["provider_resource_id"])


async def first_violation(shields: Sequence[Shield], messages: Sequence[Said]) -> Violation | None:
    """What the first of the shields objects to; all are asked, and errors are those of ``Shield.judge``."""
    found = await asyncio.gather(*(shield.judge(messages) for shield in shields))
    return next((violation for violation in found if violation is not None), None)
