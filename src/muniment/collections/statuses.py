"""How collections are: what they hold, whether they can be asked, and why not."""

import asyncio
from dataclasses import replace

from muniment.answer.fail_over import readiness_of
from muniment.catalog.documents import Totals
from muniment.collections.adopted import adopted_documents
from muniment.collections.parts import Parts
from muniment.collections.probes import probe_reranker, tried
from muniment.collections.runtime import CollectionRuntime
from muniment.errors import MunimentError
from muniment.types import Check, CollectionStatus, Readiness


class Statuses:
    """Tells the state of collections; changes nothing."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def readiness(self) -> Readiness:
        """Whether questions can be answered, with reasons when not."""
        checks = [self._check_collection(runtime) for runtime in self._parts.runtimes.values()]
        checks.append(await self._check_store())
        used = {runtime.generator.name: runtime.generator for runtime in self._parts.runtimes.values()}
        for name, generator in used.items():
            try:
                answers = await readiness_of(generator)
            except MunimentError as error:
                checks.append(Check(f"generator {name}", False, error.message, error.hint))
            else:
                checks.append(Check(f"generator {name}", True, answers))
        return Readiness((*checks, *await self._check_rerankers()))

    async def _check_rerankers(self) -> list[Check]:
        """Those in use; searches do without one that does not answer, in the order of the first stage."""
        rerankers = {one.reranker.name: one.reranker for one in self._parts.runtimes.values() if one.reranker}
        tries = (tried(f"reranker {name}", probe_reranker(one)) for name, one in rerankers.items())
        checks = await asyncio.gather(*tries)
        return [replace(check, needed=False) for check in checks]

    async def _check_store(self) -> Check:
        try:
            return Check("vector store", True, "answers", " ".join(await self._parts.store.check()))
        except MunimentError as error:
            return Check("vector store", False, error.message, error.hint)

    def _check_collection(self, runtime: CollectionRuntime) -> Check:
        name = f"collection {runtime.name}"
        if runtime.problem is not None:
            return Check(name, False, runtime.problem.message, runtime.problem.hint)
        if runtime.index is None:
            return Check(name, False, "not open yet", "Wait a moment.")
        if runtime.mending or runtime.filling:
            return Check(name, False, runtime.gap or "documents are being read", "Wait a moment.")
        return Check(name, True, f"{len(runtime.names)} documents can be searched")

    async def collections(self) -> tuple[CollectionStatus, ...]:
        """Every collection, by name."""
        return tuple([await self.collection(name) for name in sorted(self._parts.runtimes)])

    async def collection(self, name: str) -> CollectionStatus:
        """One collection."""
        runtime = self._parts.runtime(name)
        catalog = self._parts.catalog
        totals = await self._totals(runtime)
        runs = await asyncio.to_thread(catalog.runs.list, name, 1)
        mended = await asyncio.to_thread(catalog.mendings, name)
        problem = runtime.problem
        return CollectionStatus(
            name=name,
            description=runtime.settings.description,
            declared=runtime.declared,
            state=runtime.state,
            embedding_model=runtime.recipe.embedding_model,
            dimension=runtime.embedder.dimension,
            generator=runtime.generator.name,
            top_k=runtime.settings.top_k,
            documents=totals.documents,
            failed=totals.failed,
            pages=totals.pages,
            chunks=totals.chunks + len(runtime.given),
            sources=_sources(runtime),
            detail=f"{problem.message} {problem.hint}".strip() if problem else "",
            last_run=runtime.run or (runs[0] if runs else None),
            mended=mended,
            generation=runtime.number if runtime.generation is not None else 0,
            wanted=runtime.differences,
        )

    async def _totals(self, runtime: CollectionRuntime) -> Totals:
        if runtime.settings.adopt is None:
            return await asyncio.to_thread(self._parts.catalog.totals, runtime.name)
        listed = await adopted_documents(runtime)
        return Totals(documents=len(listed), chunks=sum(document.chunks for document in listed))


def _sources(runtime: CollectionRuntime) -> tuple[str, ...]:
    adopt = runtime.settings.adopt
    if adopt is not None:
        return (f"adopted from {adopt.collection}" + (f" at {adopt.uri}" if adopt.uri else ""),)
    return tuple(_describe(source.model_dump()) for source in runtime.settings.sources)


def _describe(source: dict[str, object]) -> str:
    place = source.get("path") or source.get("uri") or source.get("bucket") or ""
    return f"{source['provider']} {place}".strip()
