"""The evidence of what a language model said after searching."""

import asyncio
import secrets
from collections.abc import Sequence

from muniment.agents.values import FoundPassage
from muniment.answer.answerer import says_it_does_not_know
from muniment.answer.ground import ground, verdict_of
from muniment.collections.workspace import Workspace
from muniment.errors import NotFoundError
from muniment.types import Answer, AnswerVerdict, Claim, ParsedDocument


class EvidenceCheck:
    """Checks each sentence of a text against the stored documents of the passages that were found."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    async def answer(
        self, question: str, text: str, found: Sequence[FoundPassage], generator: str
    ) -> Answer | None:
        """The text with its evidence; None where nothing was found, or nothing said.

        The text stays as the model wrote it, whatever the verdict is. Evidence stands in one collection:
        for passages of several there is none.
        """
        collections = {one.collection for one in found}
        if len(collections) != 1 or not text.strip():
            return None
        collection = collections.pop()
        given = {number: one.passage for number, one in enumerate(found, start=1)}
        claims: tuple[Claim, ...] = ()
        if not says_it_does_not_know(text):
            documents = await self._documents(collection, {one.document_id for one in given.values()})
            claims = await asyncio.to_thread(ground, text, given, documents)
        return Answer(
            id=f"ans_{secrets.token_hex(12)}",
            question=question,
            collection=collection,
            text=text,
            verdict=verdict_of(claims) if claims else AnswerVerdict.ABSTAINED,
            claims=claims,
            looked_at=tuple(given.values()),
            generator=generator,
        )

    async def _documents(self, collection: str, ids: set[str]) -> dict[str, ParsedDocument]:
        """The stored documents; one deleted since it was found is missing."""
        documents = {}
        for document_id in sorted(ids):
            try:
                documents[document_id] = await self._workspace.parsed(collection, document_id)
            except NotFoundError:
                continue
        return documents
