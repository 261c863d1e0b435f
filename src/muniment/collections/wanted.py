"""What a new generation of a collection would have to make anew."""

import asyncio

from muniment.catalog import Catalog
from muniment.collections.runtime import CollectionRuntime
from muniment.types import GenerationChange


async def generation_change(runtime: CollectionRuntime, catalog: Catalog) -> GenerationChange | None:
    """Why the settings ask for a new generation, and what it costs; None when they do not."""
    if not runtime.differences or runtime.building or runtime.settings.adopt is not None:
        return None
    what = {one.what for one in runtime.differences}
    parser = runtime.wanted.parser_version
    documents, others = await asyncio.to_thread(catalog.count_read_by_others, runtime.name, parser)
    given = await asyncio.to_thread(catalog.given.count, runtime.name)
    return GenerationChange(
        live=runtime.number,
        differences=runtime.differences,
        reparse=others if "parser" in what else 0,
        rechunk=documents if what & {"parser", "chunker"} else 0,
        reembed=documents + given,
    )
