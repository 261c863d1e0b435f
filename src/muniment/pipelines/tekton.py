"""The pipeline for Tekton: a ``Pipeline`` and a ``PipelineRun`` that uses it, in ``tekton.dev/v1``."""

import inspect
import json
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any

import yaml

from muniment.errors import InputError
from muniment.pipelines import steps
from muniment.pipelines.definition import IngestionPipeline

Yaml = dict[str, Any]
"""A mapping of a manifest; what may stand in it is Tekton's and Kubernetes' affair."""

_RESULT_BYTES = 4096
"""All results of a step: they are its termination message, which Kubernetes cuts off there.
https://tekton.dev/docs/pipelines/tasks/#emitting-results"""

_AROUND_RESULT = 512
"""What else Tekton writes into that message: the result's name, when the step started, how it ended."""

_MATRIX = 256
"""Runs that a matrix may make by default (``default-max-matrix-combinations-count``).
https://tekton.dev/docs/pipelines/matrix/#concurrency-control"""


def compile_tekton(pipeline: IngestionPipeline) -> str:
    """Both manifests as YAML. Each step runs the program ``muniment`` of the image, with its ``python3``.

    Raises:
        InputError: code ``too_many_shards``: more than Tekton takes as it is installed.
    """
    if pipeline.shards > MOST_SHARDS:
        raise InputError(
            f"--shards {pipeline.shards} is more than Tekton takes as it is installed, which is "
            f"{MOST_SHARDS}: the parts of the plan are a result, of {_RESULT_BYTES} bytes at most, and a "
            f"matrix has {_MATRIX} runs at most.",
            code="too_many_shards",
            hint=f"Take --shards {MOST_SHARDS} or fewer, each does more then, or Kubeflow, by leaving out "
            "--tekton. For a cluster with results-from: sidecar-logs and larger max-result-size and "
            "default-max-matrix-combinations-count, give `shards` as a parameter of the run.",
        )
    manifests = [_pipeline(pipeline), _run(pipeline)]
    return yaml.dump_all(manifests, Dumper=_Dumper, sort_keys=False, width=110)


def _most_shards() -> int:
    """How many parts a result has room for, each the id of a plan and a shard, in JSON inside JSON."""
    for shards in range(1, _MATRIX):
        parts = [f"plan_{'0' * 24}:{number}/{shards + 1}" for number in range(shards + 1)]
        if len(json.dumps(json.dumps(parts, separators=(",", ":")))) > _RESULT_BYTES - _AROUND_RESULT:
            return shards
    return _MATRIX


MOST_SHARDS = _most_shards()
"""Shards that Tekton takes as it is installed."""


class _Dumper(yaml.SafeDumper):
    """Scripts as blocks, so that they can be read; no anchors."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def _pipeline(pipeline: IngestionPipeline) -> Yaml:
    collection = {"collection": "$(params.collection)"}
    parts = "$(tasks.plan.results.made[*])"
    tasks = [
        _task(pipeline, "check-setup", steps.check_setup, collection),
        _task(
            pipeline,
            "plan",
            steps.plan_parts,
            {**collection, "shards": "$(params.shards)"},
            runAfter=["check-setup"],
            retries=pipeline.retries,
        ),
        _task(
            pipeline,
            "apply",
            steps.apply_part,
            collection,
            # Each value makes a run of the task; each is tried again alone.
            matrix={"params": [{"name": "part", "value": parts}]},
            retries=pipeline.retries,
        ),
        _task(
            pipeline,
            "check-result",
            steps.check_result,
            {**collection, "parts": [parts], "questions": ["$(params.questions[*])"]},
            runAfter=["apply"],
        ),
        _task(
            pipeline,
            "promote",
            steps.promote_staged,
            collection,
            when=[{"input": "$(tasks.check-result.results.made)", "operator": "in", "values": ["staged"]}],
            retries=pipeline.retries,
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
    values: Mapping[str, str | list[str]],
    **more: Any,
) -> Yaml:
    """A task of the pipeline, with what ``more`` says of when and how often it is run."""
    signature = inspect.signature(step)
    kinds = {one: _kind(parameter.annotation) for one, parameter in signature.parameters.items()}
    made = signature.return_annotation
    results = [] if made is None else [{"name": "made", "type": _kind(made)}]
    return {
        "name": name,
        **{key: value for key, value in more.items() if value},
        "params": [{"name": one, "value": value} for one, value in values.items()],
        "taskSpec": {
            "params": [{"name": one, "type": kind} for one, kind in kinds.items()],
            **({"results": results} if results else {}),
            "volumes": _volumes(pipeline),
            "stepTemplate": _step_template(pipeline),
            "steps": [_step(step, kinds, has_result=bool(results))],
        },
    }


def _kind(annotation: object) -> str:
    return "array" if annotation == list[str] else "string"


def _step(step: Callable[..., object], kinds: Mapping[str, str], *, has_result: bool) -> Yaml:
    """The step's source as a script. What it is given is never part of the script: texts come through the
    environment, and lists as arguments, each followed by ``--``.
    """
    texts = [name for name, kind in kinds.items() if kind == "string"]
    lists = [name for name, kind in kinds.items() if kind == "array"]
    environment = [{"name": f"PARAM_{name.upper()}", "value": f"$(params.{name})"} for name in texts]
    if has_result:
        environment.append({"name": "RESULT", "value": "$(results.made.path)"})
    lines = ["#!/usr/bin/env python3", "import json, os, sys", "", inspect.getsource(step)]
    lines.append(f"given = {{name: os.environ['PARAM_' + name.upper()] for name in {texts}}}")
    if lists:
        lines += ["rest = sys.argv[1:]", f"for name in {lists}:", "    end = rest.index('--')"]
        lines.append("    given[name], rest = rest[:end], rest[end + 1 :]")
    lines.append(f"made = {step.__name__}(**given)")
    if has_result:
        lines.append("with open(os.environ['RESULT'], 'w') as file:")
        lines.append(
            "    file.write(made if isinstance(made, str) else json.dumps(made, separators=(',', ':')))"
        )
    arguments = [argument for name in lists for argument in (f"$(params.{name}[*])", "--")]
    return {
        "name": step.__name__.replace("_", "-"),
        "env": environment,
        **({"args": arguments} if arguments else {}),
        "script": "\n".join(lines) + "\n",
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
