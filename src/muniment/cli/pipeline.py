"""``muniment pipeline compile``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from muniment.cli.options import CollectionArgument, Config, Json, settings_from

if TYPE_CHECKING:
    from muniment.pipelines import IngestionPipeline
    from muniment.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Ingest on a cluster, with Kubeflow Pipelines or Tekton.")


@app.callback()
def _group() -> None:
    pass


@app.command("compile")
def compile_pipeline(
    image: Annotated[
        str, typer.Option("--image", help="Container image of every step: what it holds, the guide says.")
    ],
    collection: CollectionArgument = None,
    shards: Annotated[
        int, typer.Option("--shards", min=1, max=10_000, help="Parts of the plan, each a pod of its own.")
    ] = 4,
    parallelism: Annotated[int, typer.Option("--parallelism", min=1, help="Pods of shards at a time.")] = 2,
    retries: Annotated[
        int, typer.Option("--retries", min=0, max=100, help="How often a step that failed is tried again.")
    ] = 3,
    secret: Annotated[
        list[str] | None,
        typer.Option(
            "--secret",
            metavar="NAME[:KEY[=VARIABLE]]",
            help="Kubernetes Secret for environment variables; without KEY, of all that the settings name.",
        ),
    ] = None,
    config_map: Annotated[
        str, typer.Option("--config-map", help="ConfigMap with the settings file; '' for one in the image.")
    ] = "muniment",
    config_file: Annotated[
        str | None, typer.Option("--config-file", help="Where pods find the settings file.")
    ] = None,
    cpu: Annotated[str, typer.Option("--cpu", help="CPU of each pod, such as 2 or 500m.")] = "",
    memory: Annotated[str, typer.Option("--memory", help="Memory of each pod, such as 4Gi.")] = "",
    question: Annotated[
        list[str] | None, typer.Option("--question", "-q", help="Must find something in the end; repeatable.")
    ] = None,
    tekton: Annotated[
        bool, typer.Option("--tekton", help="A Pipeline and a PipelineRun for Tekton instead.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; stdout if none.")
    ] = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Write a pipeline that verifies, plans, ingests in shards, verifies and promotes.

    No secret and no setting is written into it: pods get them from Secrets and a ConfigMap.
    """
    from muniment.pipelines.definition import CONFIG_FILE, IngestionPipeline, secret_keys

    settings = settings_from(config)
    chosen = _chosen(settings, collection)
    pipeline = IngestionPipeline(
        collection=chosen,
        image=image,
        shards=shards,
        parallelism=parallelism,
        retries=retries,
        cpu=cpu,
        memory=memory,
        config_map=config_map,
        config_file=config_file or CONFIG_FILE,
        secrets=secret_keys(secret or (), lambda: named_variables(settings)),
        questions=tuple(question or ()),
    )
    if tekton:
        from muniment.pipelines.tekton import compile_tekton

        text = compile_tekton(pipeline)
    else:
        from muniment.pipelines.kubeflow import compile_kubeflow

        text = compile_kubeflow(pipeline)
    _warn(settings, pipeline)
    _write(text, output, as_json=as_json)


def _chosen(settings: "Settings", collection: str | None) -> str:
    """The collection named, which must be declared where any is, or the only declared one."""
    from muniment.errors import InputError, unknown_name

    if collection is not None:
        if settings.collections and collection not in settings.collections:
            raise unknown_name("collection", collection, list(settings.collections))
        return collection
    if len(settings.collections) == 1:
        return next(iter(settings.collections))
    raise InputError(
        "A pipeline is of one collection.",
        code="collection_required",
        hint="Name it: muniment pipeline compile COLLECTION --image IMAGE.",
    )


def _warn(settings: "Settings", pipeline: "IngestionPipeline") -> None:
    """Say on stderr what would not work in pods; the settings that they get may be others."""
    from muniment.cli.output import messages, styled
    from muniment.pipelines.reach import out_of_reach

    found = list(out_of_reach(settings, pipeline.collection, pipeline.secrets))
    if not settings.collections:
        found.insert(0, f"No settings here declare {pipeline.collection!r}: those that pods get must do so.")
    for one in found:
        messages().print(styled(f"Warning: {one}", "yellow"), soft_wrap=True)


def named_variables(settings: "Settings") -> tuple[str, ...]:
    """Environment variables in which the settings expect secrets, and that with the catalog's address."""
    from muniment.build import named_providers
    from muniment.registry import check_options

    found = {"MUNIMENT_CATALOG_URI"}
    for kind, where, provider in named_providers(settings):
        options = check_options(kind, provider, where).model_dump()
        found |= {str(value) for name, value in options.items() if name.endswith("_env") and value}
    return tuple(sorted(found))


def _write(text: str, output: Path | None, *, as_json: bool) -> None:
    import json

    from muniment.errors import StorageError

    if output is None:
        typer.echo(json.dumps({"pipeline": text}) if as_json else text.rstrip())
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageError(
            f"The pipeline cannot be written to {str(output)!r}: {error.strerror}.",
            hint="Name a file in a folder that is there and writable.",
        ) from error
    typer.echo(json.dumps({"file": str(output)}) if as_json else f"Wrote {output}.")
