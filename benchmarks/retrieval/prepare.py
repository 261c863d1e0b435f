"""Builds the sets through the product's parser, chunker and embedder, and keeps them for ``run.py``.

python prepare.py --data DIR --model FOLDER --cache DIR [--suffix .txt] [--sets squad2 …]
"""

import argparse
import asyncio
import json
import time
from pathlib import Path

import numpy as np
from asking import asking, content, focused, framed, parts
from labelled import Builder, Labelled, Parse, content_hash

from muniment.protocols import Embedder, ParsedFile, ProviderContext
from muniment.providers.docling import PROVIDER as DOCLING
from muniment.ranking import to_8_bits
from muniment.registry import create
from muniment.settings import ProviderSettings

SETS = ("eu_ai_act", "redhat_docs", "product_docs_qa", "chunk_spans", "squad2")
SETTINGS = ("structure", "windows")


async def embedder_of(folder: Path, data_dir: Path) -> Embedder:
    """The product's encoder over the model in ``folder``; ``data_dir`` is for its checksums."""
    settings = ProviderSettings.model_validate({"provider": "encoder", "path": str(folder)})
    made: Embedder = await create("embedders", settings, ProviderContext(data_dir, "bench"), "bench")
    return made


def parser_of(loop: asyncio.AbstractEventLoop, scratch: Path) -> Parse:
    """The product's parser, callable from another thread."""
    parser = asyncio.run_coroutine_threadsafe(
        DOCLING.create(DOCLING.options(workers=1), ProviderContext(scratch)), loop
    ).result()

    def parse(path: Path) -> ParsedFile:
        return asyncio.run_coroutine_threadsafe(
            parser.parse(path, path.name, content_hash(path)), loop
        ).result()

    return parse


async def reword(embedder: Embedder, path: Path) -> None:
    """Embed the other wordings of a set's questions that are tried, for ``trials.py``."""
    texts: dict[str, None] = {}
    for number, question in enumerate(Labelled.load(path).questions.values()):
        wordy = framed(question, number)
        texts |= dict.fromkeys((content(question), *parts(question), wordy))
        texts |= dict.fromkeys(rule(text) for rule in (focused, asking) for text in (question, wordy))
    began = time.process_time()
    vectors = [await embedder.embed_query(text) for text in texts]
    ms = (time.process_time() - began) * 1000 / len(texts)
    np.savez(
        path.with_suffix(".reworded.npz"), texts=json.dumps(list(texts)), vectors=np.array(vectors), ms=ms
    )


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--suffix", default=".md")
    parser.add_argument("--sets", nargs="*", default=list(SETS))
    parser.add_argument("--settings", nargs="*", default=list(SETTINGS))
    arguments = parser.parse_args()
    arguments.cache.mkdir(parents=True, exist_ok=True)
    embedder = await embedder_of(arguments.model, arguments.cache)
    parse = await asyncio.to_thread(parser_of, asyncio.get_running_loop(), arguments.cache)
    builder = Builder(arguments.data, embedder.tokenizer, parse, arguments.cache / "files", arguments.suffix)
    for name in arguments.sets:
        for setting in arguments.settings:
            path = arguments.cache / f"{name}.{setting}.json"
            if path.exists():
                continue
            began = time.process_time()
            made: Labelled = await asyncio.to_thread(builder.build, name, setting)
            texts = [piece.embedding_text for piece in made.pieces]
            starts = [len(text) - len(piece.text) for text, piece in zip(texts, made.pieces, strict=True)]
            embedded = await embedder.embed_passages(texts, starts)
            np.save(path.with_suffix(".npy"), embedded.vectors)
            np.savez(
                path.with_suffix(".sentences.npz"),
                counts=np.array([len(own) for own in embedded.sentences]),
                vectors=np.concatenate([to_8_bits(own) for own in embedded.sentences]),
            )
            questions = [await embedder.embed_query(q) for q in made.questions.values()]
            np.save(path.with_suffix(".questions.npy"), np.array(questions))
            made.save(path)
            print(
                name,
                setting,
                len(made.pieces),
                len(made.questions),
                round(time.process_time() - began),
                "s CPU",
                flush=True,
            )
        structured = arguments.cache / f"{name}.structure.json"
        if structured.exists() and not structured.with_suffix(".reworded.npz").exists():
            await reword(embedder, structured)
    await embedder.aclose()


if __name__ == "__main__":
    asyncio.run(main())
