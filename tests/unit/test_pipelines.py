"""A compiled pipeline has the steps, asks for nothing that needs root or a network, and holds no secret."""

import importlib.util
import json
import os
import re
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import Result
from typer.testing import CliRunner

from muniment.cli.main import app
from muniment.errors import InputError, UnavailableError
from muniment.pipelines import IngestionPipeline, SecretKey, secret_keys
from muniment.pipelines.kubeflow import compile_kubeflow
from muniment.pipelines.tekton import MOST_SHARDS, compile_tekton

PIPELINE = IngestionPipeline(
    "Hand_book",
    "registry.example/muniment:1",
    shards=8,
    cpu="2",
    memory="4Gi",
    config_map="muniment",
    secrets=(SecretKey("s3", "secret", "AWS_SECRET_ACCESS_KEY"),),
    questions=("what is a pump",),
)
SECRET = "wJalrXUtnFEMI-not-to-be-seen"


@pytest.fixture
def manifests() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(compile_tekton(PIPELINE)))


@pytest.fixture
def tasks(manifests: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {task["name"]: task for task in manifests[0]["spec"]["tasks"]}


def step_of(task: dict[str, Any]) -> dict[str, Any]:
    [step] = task["taskSpec"]["steps"]
    return {**task["taskSpec"]["stepTemplate"], **step}


def test_tekton_gets_a_pipeline_and_a_run_of_it(manifests: list[dict[str, Any]]) -> None:
    pipeline, run = manifests
    assert [(one["apiVersion"], one["kind"]) for one in manifests] == [
        ("tekton.dev/v1", "Pipeline"),
        ("tekton.dev/v1", "PipelineRun"),
    ]
    assert run["spec"]["pipelineRef"]["name"] == pipeline["metadata"]["name"] == "muniment-ingest-hand-book"
    assert run["spec"]["taskRunTemplate"]["podTemplate"]["securityContext"]["runAsNonRoot"] is True


def test_the_steps_follow_each_other(tasks: dict[str, dict[str, Any]]) -> None:
    assert list(tasks) == ["check-setup", "plan", "apply", "check-result", "promote"]
    assert tasks["plan"]["runAfter"] == ["check-setup"]
    parts = "$(tasks.plan.results.made[*])"
    assert tasks["apply"]["matrix"] == {"params": [{"name": "part", "value": parts}]}
    assert tasks["apply"]["retries"] == 3
    assert tasks["check-result"]["runAfter"] == ["apply"]
    [when] = tasks["promote"]["when"]
    assert when["input"] == "$(tasks.check-result.results.made)"


def test_every_parameter_and_result_that_is_used_is_declared(tasks: dict[str, dict[str, Any]]) -> None:
    for task in tasks.values():
        given = {one["name"] for one in task["params"]}
        given |= {one["name"] for one in task.get("matrix", {}).get("params", [])}
        assert given == {one["name"] for one in task["taskSpec"]["params"]}
    made = {
        name: [one["name"] for one in task["taskSpec"].get("results", [])] for name, task in tasks.items()
    }
    assert (made["plan"], made["check-result"], made["promote"]) == (["made"], ["made"], [])


def test_no_pod_needs_root(tasks: dict[str, dict[str, Any]]) -> None:
    for task in tasks.values():
        context = step_of(task)["securityContext"]
        assert context["runAsNonRoot"] is True
        assert context["allowPrivilegeEscalation"] is False
        assert context["capabilities"] == {"drop": ["ALL"]}


def test_secrets_settings_and_resources_reach_every_pod(tasks: dict[str, dict[str, Any]]) -> None:
    for task in tasks.values():
        template = task["taskSpec"]["stepTemplate"]
        by_name = {one["name"]: one for one in template["env"]}
        secret = by_name["AWS_SECRET_ACCESS_KEY"]["valueFrom"]["secretKeyRef"]
        assert (secret["name"], secret["key"]) == ("s3", "secret")
        assert by_name["MUNIMENT_CONFIG"]["value"] == "/etc/muniment/muniment.yaml"
        assert template["computeResources"]["limits"] == {"cpu": "2", "memory": "4Gi"}
        volumes = {one["name"]: one for one in task["taskSpec"]["volumes"]}
        assert volumes["settings"]["configMap"] == {"name": "muniment"}
        assert {one["name"] for one in template["volumeMounts"]} == set(volumes)


PROGRAM = """#!/bin/sh
printf '%s\\n' "$*" >> "$CALLS"
[ "$1" = plan ] && cat "$PLANNED" && exit 2
exit 0
"""


def run_script(task: dict[str, Any], folder: Path, values: dict[str, str], arguments: list[str]) -> str:
    """Run a task's script as its pod would, with a program that only notes how it was called; its result."""
    script, program, result = folder / "script", folder / "muniment", folder / "result"
    script.write_text(step_of(task)["script"])
    program.write_text(PROGRAM)
    program.chmod(0o755)
    environment = {
        "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
        "CALLS": str(folder / "calls"),
        "PLANNED": str(folder / "planned"),
        "RESULT": str(result),
        **{f"PARAM_{name.upper()}": value for name, value in values.items()},
    }
    subprocess.run([sys.executable, str(script), *arguments], env=environment, check=True)
    return result.read_text() if result.exists() else ""


def planned(folder: Path, generation: object, documents: list[int]) -> None:
    shards = [{"shard": f"{n}/{len(documents)}", "documents": d} for n, d in enumerate(documents)]
    plan = {"id": "plan_1", "generation": generation}
    (folder / "planned").write_text(json.dumps({"plans": [{"plan": plan, "shards": shards}]}))


@pytest.mark.parametrize(
    ("generation", "documents", "parts"),
    [
        (None, [3, 0, 1], ["plan_1:0/3", "plan_1:2/3"]),
        (None, [0, 0], ["plan_1:0/1"]),
        ({"live": 1}, [0, 2], ["staged:0/2", "staged:1/2"]),
    ],
)
def test_only_parts_with_something_to_do_get_a_pod(
    tasks: dict[str, dict[str, Any]],
    tmp_path: Path,
    generation: object,
    documents: list[int],
    parts: list[str],
) -> None:
    planned(tmp_path, generation, documents)
    made = run_script(tasks["plan"], tmp_path, {"collection": "docs", "shards": str(len(documents))}, [])
    assert json.loads(made) == parts
    called = f"plan docs --share --shards {len(documents)} --json"
    assert (tmp_path / "calls").read_text().splitlines() == [called]


def test_the_other_scripts_run_the_ordinary_commands(
    tasks: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    docs = {"collection": "docs"}
    run_script(tasks["check-setup"], tmp_path, docs, [])
    run_script(tasks["apply"], tmp_path, {**docs, "part": "plan_1:1/4"}, [])
    run_script(tasks["apply"], tmp_path, {**docs, "part": "staged:0/4"}, [])
    arguments = ["staged:0/4", "staged:1/4", "--", "what is it", "--"]
    assert step_of(tasks["check-result"])["args"] == [
        "$(params.parts[*])",
        "--",
        "$(params.questions[*])",
        "--",
    ]
    assert run_script(tasks["check-result"], tmp_path, docs, arguments) == "staged"
    assert run_script(tasks["check-result"], tmp_path, docs, ["plan_1:0/1", "--", "--"]) == "live"
    run_script(tasks["promote"], tmp_path, docs, [])
    assert (tmp_path / "calls").read_text().splitlines() == [
        "verify docs --setup-only",
        "apply docs --plan plan_1 --shard 1/4",
        "apply docs --stage --shard 0/4",
        "verify docs --staged --question what is it",
        "verify docs",
        "promote docs",
    ]


def test_no_secret_and_no_setting_is_written_into_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("MUNIMENT_CATALOG_URI", f"postgresql://muniment:{SECRET}@db/catalog")
    settings = tmp_path / "muniment.yaml"
    model = {"provider": "openai", "base_url": "http://llm/v1", "model": "m", "api_key_env": "LLM_KEY"}
    bucket = {"provider": "s3", "bucket": "papers", "endpoint": "http://minio:9000"}
    settings.write_text(
        yaml.safe_dump({"collections": {"docs": {"sources": [bucket]}}, "generators": {"local": model}})
    )
    arguments = ["pipeline", "compile", "--image", "i:1", "--tekton", "--secret", "muniment"]
    result = CliRunner().invoke(app, [*arguments, "--config", str(settings)])
    assert result.exit_code == 0, result.output
    assert SECRET not in result.output
    assert "minio:9000" not in result.output
    task = next(yaml.safe_load_all(result.stdout))["spec"]["tasks"][0]
    environment = task["taskSpec"]["stepTemplate"]["env"]
    keys = {one["name"]: one["valueFrom"]["secretKeyRef"] for one in environment if "valueFrom" in one}
    assert {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "MUNIMENT_CATALOG_URI", "LLM_KEY"} <= set(keys)
    assert all(one["name"] == "muniment" and one["optional"] for one in keys.values())


@pytest.mark.parametrize(
    "written", ["", "S3", "s3:", "s3:a b", "s3:key=1x", f"AWS_SECRET_ACCESS_KEY={SECRET}"]
)
def test_what_names_no_secret_is_refused_and_not_repeated(written: str) -> None:
    with pytest.raises(InputError) as refused:
        secret_keys([written], lambda: ())
    assert refused.value.code == "invalid_secret"
    assert SECRET not in refused.value.message


@pytest.mark.parametrize(
    "resources", [{"cpu": "two"}, {"cpu": "1m5"}, {"memory": "4 GB"}, {"memory": "-1Gi"}]
)
def test_quantities_that_kubernetes_would_refuse_are_refused(resources: dict[str, str]) -> None:
    with pytest.raises(InputError) as refused:
        IngestionPipeline("docs", "i:1", **resources)
    assert refused.value.code == "invalid_quantity"


def test_secrets_are_named_by_key_and_variable() -> None:
    named = secret_keys(["a:KEY", "b:key.x=VARIABLE", "c"], lambda: ("ONE",))
    assert named == (
        SecretKey("a", "KEY", "KEY"),
        SecretKey("b", "key.x", "VARIABLE"),
        SecretKey("c", "ONE", "ONE", optional=True),
    )


@pytest.mark.skipif(importlib.util.find_spec("kfp") is not None, reason="Kubeflow's SDK is installed here")
def test_without_kubeflows_sdk_the_extra_is_named_and_a_command_that_installs_it_here() -> None:
    with pytest.raises(UnavailableError) as missing:
        compile_kubeflow(PIPELINE)
    assert missing.value.code == "kfp_missing"
    assert "the extra kubeflow" in missing.value.hint
    command = shlex.split(missing.value.hint.split(": ", 1)[1].split(". --tekton")[0])
    assert command[:4] == [sys.executable, "-m", "pip", "install"]
    assert [re.split("[<>!=]", one)[0] for one in command[4:]] == ["kfp", "kfp-kubernetes"]
    # A name that nobody holds on an index must not be asked for there.
    assert "'muniment" not in missing.value.hint


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"image": ""}, "invalid_image"),
        ({"image": "a b"}, "invalid_image"),
        ({"image": "registry.example/Muniment:1"}, "invalid_image"),
        ({"image": "muniment:1:2"}, "invalid_image"),
        ({"image": "https://registry.example/muniment"}, "invalid_image"),
        ({"image": "muniment;rm"}, "invalid_image"),
        ({"config_map": "Bad_Name"}, "invalid_config_map"),
        ({"config_map": "-settings"}, "invalid_config_map"),
        ({"config_map": "a" * 254}, "invalid_config_map"),
        ({"config_file": "relative.yaml"}, "invalid_config_file"),
        ({"config_file": "../muniment.yaml"}, "invalid_config_file"),
        ({"config_file": "/etc/../muniment.yaml"}, "invalid_config_file"),
        ({"config_file": ""}, "invalid_config_file"),
        ({"config_file": "/", "config_map": ""}, "invalid_config_file"),
        ({"config_file": "/muniment.yaml", "config_map": "muniment"}, "invalid_config_file"),
    ],
)
def test_what_no_pod_could_start_with_is_refused(values: dict[str, str], code: str) -> None:
    with pytest.raises(InputError) as refused:
        IngestionPipeline(**{"collection": "docs", "image": "i:1", **values})
    assert refused.value.code == code
    assert refused.value.hint


@pytest.mark.parametrize(
    "values",
    [
        {"image": "muniment"},
        {"image": "localhost:5000/team/muniment:1.2-rc_3"},
        {"image": "registry.example:443/a/b/muniment@sha256:" + "0a" * 32},
        {"image": "Registry.Example/muniment:V1"},
        {"config_map": "team-a.muniment"},
        {"config_file": "/muniment.yaml", "config_map": ""},
        {"config_file": "/srv/settings/acme.yaml"},
    ],
)
def test_what_a_cluster_takes_is_taken(values: dict[str, str]) -> None:
    assert IngestionPipeline(**{"collection": "docs", "image": "i:1", **values}).name


def test_tekton_gets_no_more_shards_than_its_results_and_a_matrix_hold() -> None:
    assert 80 <= MOST_SHARDS <= 256
    written = json.dumps([f"plan_{'0' * 24}:{n}/{MOST_SHARDS}" for n in range(MOST_SHARDS)])
    assert len(written) < 4096
    assert compile_tekton(replace(PIPELINE, shards=MOST_SHARDS))
    for shards in (MOST_SHARDS + 1, 300, 10_000):
        with pytest.raises(InputError) as refused:
            compile_tekton(replace(PIPELINE, shards=shards))
        assert refused.value.code == "too_many_shards"
        assert "4096 bytes" in refused.value.message and "256 runs" in refused.value.message
        for said in ("--shards", "Kubeflow", "max-result-size", "default-max-matrix-combinations-count"):
            assert said in refused.value.hint


def compiled(folder: Path, declared: dict[str, Any], *arguments: str) -> Result:
    settings = folder / "muniment.yaml"
    settings.write_text(yaml.safe_dump(declared))
    command = ["pipeline", "compile", "--image", "i:1", "--tekton", "--config", str(settings), *arguments]
    return CliRunner().invoke(app, command)


BUCKET = {"provider": "s3", "bucket": "papers", "endpoint": "http://minio:9000"}
SHARED = {
    "collections": {"docs": {"sources": [BUCKET]}},
    "file_store": {**BUCKET, "bucket": "kept"},
    "vector_store": {"provider": "milvus", "uri": "http://milvus:19530"},
}


def test_a_collection_that_is_not_declared_is_refused_with_those_that_are(tmp_path: Path) -> None:
    refused = compiled(tmp_path, SHARED, "dogs")
    assert refused.exit_code == 2
    assert "unknown_collection" in refused.stderr and "Did you mean 'docs'?" in refused.stderr
    elsewhere = compiled(tmp_path, {}, "dogs", "--secret", "muniment")
    assert elsewhere.exit_code == 0
    assert "No settings here declare 'dogs'" in elsewhere.stderr


def test_places_that_pods_share_bring_no_warning(tmp_path: Path) -> None:
    result = compiled(tmp_path, SHARED, "--secret", "muniment")
    assert (result.exit_code, result.stderr) == (0, "")
    assert compiled(tmp_path, {**SHARED, "catalog_uri": "postgresql://db/muniment"}).stderr == ""


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"collections": {"docs": {"sources": ["./docs"]}}}, "collections.docs.sources.0 is a folder"),
        ({"collections": {"docs": {"sources": [BUCKET, {"path": "/srv/d"}]}}}, "docs.sources.1 is a folder"),
        ({"file_store": {"provider": "folder"}}, "file_store is a folder"),
        ({"vector_store": {"provider": "milvus"}}, "vector_store is an embedded Milvus"),
        ({"vector_store": {"provider": "milvus", "uri": "mine.db"}}, "vector_store is an embedded Milvus"),
        (
            {"vector_store": {"provider": "milvus", "uri": "http://localhost:19530"}},
            "vector_store.uri is at http://localhost:19530",
        ),
        ({"file_store": {**BUCKET, "endpoint": "http://127.0.0.1:9000"}}, "file_store.endpoint is at"),
    ],
)
def test_places_that_pods_cannot_share_are_named_with_what_to_do(
    tmp_path: Path, changed: dict[str, Any], told: str
) -> None:
    result = compiled(tmp_path, {**SHARED, **changed}, "--secret", "muniment")
    assert result.exit_code == 0
    assert told in result.stderr
    assert result.stderr.count("Warning:") == 1
    assert list(yaml.safe_load_all(result.stdout))


@pytest.mark.parametrize("secrets", [(), ("--secret", "muniment:AWS_ACCESS_KEY_ID")])
def test_a_catalog_in_each_pod_is_warned_of(tmp_path: Path, secrets: tuple[str, ...]) -> None:
    told = compiled(tmp_path, SHARED, *secrets).stderr
    assert "The catalog is a SQLite file" in told and "MUNIMENT_CATALOG_URI" in told
    assert compiled(tmp_path, SHARED, "--secret", "muniment:catalog=MUNIMENT_CATALOG_URI").stderr == ""
