"""``muniment adopt``."""

from typing import TYPE_CHECKING, Annotated

import typer

from muniment.cli.options import Config, Json

if TYPE_CHECKING:
    from muniment.moving.adoption import Adoption
    from muniment.settings import Settings


def adopt(
    name: Annotated[str, typer.Argument(help="Name of the collection here.")],
    milvus_collection: Annotated[
        str, typer.Option("--collection", "-C", help="Name of the collection in Milvus.")
    ],
    uri: Annotated[
        str | None, typer.Option("--uri", help="Its Milvus; that of `vector_store` when omitted.")
    ] = None,
    api_key_env: Annotated[
        str | None, typer.Option("--api-key-env", help="Environment variable with the token of that Milvus.")
    ] = None,
    embedding_model: Annotated[
        str | None,
        typer.Option("--embedding-model", help="Model it was filled with; all-MiniLM-L6-v2 when omitted."),
    ] = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Search a Milvus collection that Llama Stack filled, without copying it.

    Checks that it exists and that its vectors come from the embedding model, and adds it to the settings.
    """
    from muniment.cli.adopted_settings import AdoptReport, adopting, replace_file
    from muniment.cli.connect import run
    from muniment.cli.output import print_json

    declared = {"embedding_model": embedding_model} if embedding_model else {}
    place = {"collection": milvus_collection, "uri": uri, "api_key_env": api_key_env}
    changed = adopting(config, name, declared, {key: value for key, value in place.items() if value})
    found = run(_checked(changed.settings, name, milvus_collection))
    replace_file(changed)
    if as_json:
        report = AdoptReport(
            collection=name,
            file=str(changed.file),
            documents=found.documents,
            chunks=found.chunks,
            cosines=found.cosines,
        )
        print_json(report)
        return
    cosines = ", ".join(f"{cosine:.3f}" for cosine in found.cosines)
    typer.echo(
        f"{name}: {found.chunks} chunks of {found.documents} documents. Embedded anew: cosine {cosines}."
    )
    typer.echo(f"Wrote {changed.file}. A running server takes it up when it is started again.")


async def _checked(settings: "Settings", name: str, milvus_collection: str) -> "Adoption":
    from muniment.build import open_adopted_store, open_embedder
    from muniment.moving.adoption import check_adoption

    embedder = await open_embedder(settings, name)
    try:
        store = await open_adopted_store(settings, name)
        try:
            index = await store.adopt(milvus_collection, embedder.dimension)
            return await check_adoption(index, embedder, f"Collection {milvus_collection!r}")
        finally:
            await store.aclose()
    finally:
        await embedder.aclose()
