"""The pipeline for Tekton: a ``Pipeline`` and a ``PipelineRun`` that uses it, in ``tekton.dev/v1``."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

import yaml

from muniment.pipelines import steps
from muniment.pipelines.definition import IngestionPipeline

Yaml = dict[str, Any]
"""A mapping of a manifest; what may stand in it is Tekton's and Kubernetes' affair."""

_RESULTS = """
for name, value in made._asdict().items():
    with open(os.environ["RESULT_" + name.upper()], "w") as file:
        file.write(value if isinstance(value, str) else json.dumps(value))
"""


def compile_tekton(pipeline: IngestionPipeline) -> str:
    """Both manifests as YAML. Each step runs the program ``muniment`` of the image, with its ``python3``."""
    manifests = [_pipeline(pipeline), _run(pipeline)]
    return yaml.dump_all(manifests, Dumper=_Dumper, sort_keys=False, width=110)


class _Dumper(yaml.SafeDumper):
    """Scripts as blocks, so that they can be read; no anchors."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def _pipeline(pipeline: IngestionPipeline) -> Yaml:
    collection = {"collection": "$(params.collection)"}
    target = {"target": "$(tasks.plan.results.target)"}
    shard = {**collection, **target, "plan": "$(tasks.plan.results.plan)"}
    result = {**collection, **target, "questions": "$(params.questions[*])"}
    tasks = [
        _task(pipeline, "check-setup", steps.check_setup, collection),
        _task(
            pipeline,
            "plan",
            steps.plan_shards,
            {**collection, "shards": "$(params.shards)"},
            after="check-setup",
            results={"plan": "string", "shards": "array", "target": "string"},
            retries=pipeline.retries,
        ),
        _task(
            pipeline,
            "apply",
            steps.apply_shard,
            shard,
            matrix={"shard": "$(tasks.plan.results.shards[*])"},
            retries=pipeline.retries,
        ),
        _task(pipeline, "check-result", steps.check_result, result, after="apply"),
        _task(
            pipeline,
            "promote",
            steps.promote_staged,
            collection,
            after="check-result",
            retries=pipeline.retries,
            when=[{"input": target["target"], "operator": "in", "values": ["staged"]}],
        ),
    ]
    params = [
        {"name": "collection", "type": "string", "default": pipeline.collection},
        {"name": "shards", "type": "string", "default": str(pipeline.shards)},
        {"name": "questions", "type": "array", "default": list(pipeline.questions)},
    ]
    spec = {"description": f"Ingests the collection {pipeline.collection}.", "params": params, "tasks": tasks}
    return {
        "apiVersion": "tekton.dev/v1",
        "kind": "Pipeline",
        "metadata": {"name": pipeline.name},
        "spec": spec,
    }


def _run(pipeline: IngestionPipeline) -> Yaml:
    pod = {"securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}}
    return {
        "apiVersion": "tekton.dev/v1",
        "kind": "PipelineRun",
        "metadata": {"generateName": f"{pipeline.name}-"},
        "spec": {
            "pipelineRef": {"name": pipeline.name},
            "params": [{"name": "collection", "value": pipeline.collection}],
            "taskRunTemplate": {"podTemplate": pod},
        },
    }


def _task(
    pipeline: IngestionPipeline,
    name: str,
    step: Callable[..., object],
    values: Mapping[str, str],
    *,
    after: str = "",
    matrix: Mapping[str, str] | None = None,
    results: Mapping[str, str] | None = None,
    when: Sequence[Yaml] = (),
    retries: int = 0,
) -> Yaml:
    """A task of the pipeline; values that stand in ``matrix`` make one run of the task each."""
    given = [*values, *(matrix or ())]
    task: Yaml = {"name": name}
    if after:
        task["runAfter"] = [after]
    if when:
        task["when"] = list(when)
    if retries:
        task["retries"] = retries
    task["params"] = [{"name": one, "value": _value(value)} for one, value in values.items()]
    if matrix:
        task["matrix"] = {"params": [{"name": one, "value": value} for one, value in matrix.items()]}
    task["taskSpec"] = {
        "params": [{"name": one, "type": "array" if one == "questions" else "string"} for one in given],
        **({"results": [{"name": one, "type": kind} for one, kind in results.items()]} if results else {}),
        "volumes": _volumes(pipeline),
        "stepTemplate": _step_template(pipeline),
        "steps": [_step(step, given, results or {})],
    }
    return task


def _value(value: str) -> str | list[str]:
    """A whole array is passed on as an array of that one reference."""
    return [value] if value.startswith("$(params.") and value.endswith("[*])") else value


def _step(step: Callable[..., object], given: Sequence[str], results: Mapping[str, str]) -> Yaml:
    """The step's source as a script. Values come through the environment, and are never part of it."""
    parameters = inspect.signature(step).parameters
    arguments = []
    for name in parameters:
        if name == "questions":
            arguments.append("questions=sys.argv[1:]")
        elif name in given:
            arguments.append(f'{name}=os.environ["PARAM_{name.upper()}"]')
        else:
            arguments.append(f"{name}=[]")
    lines = [
        "#!/usr/bin/env python3",
        "import json, os, sys",
        "from typing import NamedTuple",
        "",
        inspect.getsource(step),
        f"made = {step.__name__}({', '.join(arguments)})",
    ]
    environment = [
        {"name": f"PARAM_{one.upper()}", "value": f"$(params.{one})"} for one in given if one != "questions"
    ]
    environment += [{"name": f"RESULT_{one.upper()}", "value": f"$(results.{one}.path)"} for one in results]
    return {
        "name": step.__name__.replace("_", "-"),
        "env": environment,
        **({"args": ["$(params.questions[*])"]} if "questions" in given else {}),
        "script": "\n".join(lines) + (_RESULTS if results else "\n"),
    }


def _step_template(pipeline: IngestionPipeline) -> Yaml:
    environment: list[Yaml] = [
        {"name": "MUNIMENT_CONFIG", "value": pipeline.config_file},
        {"name": "MUNIMENT_DATA_DIR", "value": pipeline.data_dir},
    ]
    for key in pipeline.secrets:
        named = {"name": key.secret, "key": key.key, "optional": key.optional}
        environment.append({"name": key.variable, "valueFrom": {"secretKeyRef": named}})
    mounts = [{"name": "scratch", "mountPath": pipeline.data_dir}]
    if pipeline.config_map:
        folder = str(PurePosixPath(pipeline.config_file).parent)
        mounts.append({"name": "settings", "mountPath": folder})
    size = {name: value for name, value in (("cpu", pipeline.cpu), ("memory", pipeline.memory)) if value}
    return {
        "image": pipeline.image,
        "env": environment,
        "volumeMounts": mounts,
        "securityContext": {
            "runAsNonRoot": True,
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        },
        **({"computeResources": {"requests": size, "limits": size}} if size else {}),
    }


def _volumes(pipeline: IngestionPipeline) -> list[Yaml]:
    volumes: list[Yaml] = [{"name": "scratch", "emptyDir": {}}]
    if pipeline.config_map:
        volumes.append({"name": "settings", "configMap": {"name": pipeline.config_map}})
    return volumes
