"""The pipeline for Kubeflow Pipelines v2, compiled with its own SDK.

Every step is a lightweight Python component that runs the program ``muniment``. Nothing is installed when
a pod starts: the image must have ``muniment`` on its path, and a ``python3`` that can import ``kfp``. The two
may be different environments.
"""

import re
import shlex
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path, PurePosixPath
from typing import Any

from muniment.errors import UnavailableError
from muniment.pipelines import steps
from muniment.pipelines.definition import IngestionPipeline

_EXTRA = re.compile(r"""extra == ['"]kubeflow['"]""")


def compile_kubeflow(pipeline: IngestionPipeline) -> str:
    """The pipeline as YAML, in the intermediate representation that clusters take.

    Raises:
        UnavailableError: code ``kfp_missing``.
    """
    try:
        from kfp import compiler
    except ImportError as error:
        raise _missing(error) from error
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "pipeline.yaml"
        compiler.Compiler().compile(_flow(pipeline), str(target))
        return target.read_text(encoding="utf-8")


def _flow(pipeline: IngestionPipeline) -> Any:
    from kfp import dsl

    def component(step: Any) -> Any:
        return dsl.component(
            func=step, base_image=pipeline.image, install_kfp_package=False, packages_to_install=[]
        )

    def flow(collection: str = pipeline.collection, shards: str = str(pipeline.shards)) -> None:
        before = component(steps.check_setup)(collection=collection)
        _as_pod(before, pipeline, retried=False)
        plan = component(steps.plan_parts)(collection=collection, shards=shards)
        _as_pod(plan, pipeline).after(before)
        with dsl.ParallelFor(plan.output, parallelism=pipeline.parallelism) as part:
            applied = _as_pod(component(steps.apply_part)(collection=collection, part=part), pipeline)
        after = component(steps.check_result)(
            collection=collection, parts=dsl.Collected(applied.output), questions=list(pipeline.questions)
        )
        _as_pod(after, pipeline, retried=False)
        with dsl.If(after.output == "staged"):
            _as_pod(component(steps.promote_staged)(collection=collection), pipeline)

    return dsl.pipeline(name=pipeline.name, description=f"Ingests the collection {pipeline.collection}.")(
        flow
    )


def _as_pod(task: Any, pipeline: IngestionPipeline, *, retried: bool = True) -> Any:
    """Give a step's pod its settings, secrets, scratch volume, resources, user and further tries."""
    from kfp import kubernetes

    # What is in the world decides what a step does, so that an earlier one says nothing.
    task.set_caching_options(False)
    if retried:
        task.set_retry(num_retries=pipeline.retries, backoff_duration="10s", backoff_factor=2.0)
    task.set_env_variable("MUNIMENT_CONFIG", pipeline.config_file)
    task.set_env_variable("MUNIMENT_DATA_DIR", pipeline.data_dir)
    if pipeline.config_map:
        folder = str(PurePosixPath(pipeline.config_file).parent)
        kubernetes.use_config_map_as_volume(task, pipeline.config_map, mount_path=folder)
    kubernetes.empty_dir_mount(task, volume_name="scratch", mount_path=pipeline.data_dir)
    for key in pipeline.secrets:
        kubernetes.use_secret_as_env(task, key.secret, {key.key: key.variable}, optional=key.optional)
    if pipeline.cpu:
        task.set_cpu_request(pipeline.cpu)
        task.set_cpu_limit(pipeline.cpu)
    if pipeline.memory:
        task.set_memory_request(pipeline.memory)
        task.set_memory_limit(pipeline.memory)
    kubernetes.set_security_context(task, run_as_non_root=True)
    return task


def _missing(error: ImportError) -> UnavailableError:
    return UnavailableError(
        f"The SDK of Kubeflow Pipelines is not installed here ({error.name or error}).",
        code="kfp_missing",
        hint=f"It is the extra kubeflow. This installs it here: {_installation()}. --tekton needs none.",
    )


def _installation() -> str:
    """A command that works wherever Muniment came from: it names what the extra asks for."""
    try:
        required = requires("muniment") or []
    except PackageNotFoundError:
        required = []
    parts = [one.partition(";") for one in required]
    wanted = [package.strip() for package, _, marker in parts if _EXTRA.search(marker)]
    if not wanted:
        return "pip install '.[kubeflow]' in the folder of Muniment's pyproject.toml"
    return shlex.join([sys.executable, "-m", "pip", "install", *wanted])
