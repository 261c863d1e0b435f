"""Reading back documents: parsed text, original bytes, page images."""

import asyncio
from collections import OrderedDict
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import NamedTemporaryFile

from muniment.collections.adopted import adopted_documents, adopted_text, original_not_kept
from muniment.collections.given import as_document, as_parsed, row_of
from muniment.collections.ingestion import unknown_document
from muniment.collections.page_image import PageRequest, render_page
from muniment.collections.parts import Parts
from muniment.errors import NotFoundError, StorageError
from muniment.types import Box, Document, GivenChunk, ParsedDocument, title_from

CACHED_DOCUMENTS = 32


class Documents:
    """The documents of all collections; the last few parsed ones stay in memory."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._parsed: OrderedDict[tuple[str, str], ParsedDocument] = OrderedDict()

    async def find(self, collection: str, document_id: str, *, generation: int | None = None) -> Document:
        """The document; the first by name when several names share its content."""
        runtime = self._parts.runtime(collection)
        if runtime.settings.adopt is not None:
            listed = await adopted_documents(runtime)
            found = tuple(document for document in listed if document.document_id == document_id)
        elif (given := await self._given(collection, document_id)) is not None:
            found = (as_document(collection, given),)
        else:
            catalog = self._parts.catalog
            find = partial(catalog.documents_with_content, collection, document_id, generation=generation)
            found = await asyncio.to_thread(find)
        if not found or not document_id:
            raise unknown_document(collection, document_id)
        return found[0]

    async def parsed(
        self, collection: str, document_id: str, *, generation: int | None = None
    ) -> ParsedDocument:
        """The document as parsed for a generation, or the live one.

        Raises:
            NotFoundError: code ``unknown_document``.
            StorageError: code ``file_lost``.
        """
        if (adopted := self._parts.runtime(collection).adopted) is not None:
            return await adopted_text(adopted, document_id)
        given = await self._given(collection, document_id)
        if given is not None:
            return as_parsed(given)
        document = await self.find(collection, document_id, generation=generation)
        key = (document.content_hash, document.parser)
        if key not in self._parsed:
            parsed = await self._parts.kept.load_parsed(*key)
            if parsed is None:
                raise StorageError(
                    f"The parsed text of {document.name} is not kept any more, so nothing can be checked.",
                    code="file_lost",
                    hint=f"Make it again with `muniment ingest {collection} --rebuild`.",
                )
            self._parsed[key] = parsed
            while len(self._parsed) > CACHED_DOCUMENTS:
                self._parsed.popitem(last=False)
        self._parsed.move_to_end(key)
        parsed = self._parsed[key]
        # What is kept by content knows no names.
        return parsed if parsed.title else replace(parsed, title=title_from(document.name))

    async def raw_file(self, collection: str, document_id: str) -> Path:
        """The original bytes as a local file, under the scratch folder."""
        document = await self.find(collection, document_id)
        if self._parts.runtime(collection).settings.adopt is not None:
            raise original_not_kept(document)
        given = await self._given(collection, document_id)
        target = self._parts.scratch_dir / f"raw-{document.content_hash}"
        if not await asyncio.to_thread(target.exists):
            data = (
                given.content.encode(errors="replace")
                if given is not None
                else await self._parts.kept.load_raw(document.content_hash)
            )
            await asyncio.to_thread(_write, target, data)
        return target

    async def _given(self, collection: str, document_id: str) -> GivenChunk | None:
        row = row_of(document_id)
        if row is None:
            return None
        return (await asyncio.to_thread(self._parts.catalog.given.get, collection, [row])).get(row)

    async def page_image(
        self,
        collection: str,
        document_id: str,
        page: int,
        *,
        ranges: tuple[tuple[int, int], ...],
        scale: float,
    ) -> bytes:
        """PNG of a page with the boxes of the given character ranges marked."""
        parsed = await self.parsed(collection, document_id)
        drawn = next((known for known in parsed.pages if known.number == page), None)
        if drawn is None:
            raise NotFoundError(
                f"The document has no page {page}; it has {len(parsed.pages)}.",
                code="unknown_page" if parsed.pages else "no_page_image",
                hint="Pages count from 1."
                if parsed.pages
                else "This format has no pages; read its text instead.",
            )
        boxes = boxes_on_page(parsed, page, ranges)
        path = await self.raw_file(collection, document_id)
        return await render_page(PageRequest(path, drawn, boxes, scale))


def boxes_on_page(parsed: ParsedDocument, page: int, ranges: tuple[tuple[int, int], ...]) -> tuple[Box, ...]:
    """Boxes on the page of everything that stands in the character ranges; table rows one by one."""
    spans = [
        span
        for block in parsed.blocks
        for span in ([s for row in block.rows for s in row.spans] if block.rows else block.spans)
    ]
    return tuple(
        dict.fromkeys(
            span.box
            for span in spans
            if span.page == page
            and span.box
            and any(span.start < end and start < span.end for start, end in ranges)
        )
    )


def _write(target: Path, data: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=target.parent, delete=False) as file:
        file.write(data)
    Path(file.name).replace(target)
