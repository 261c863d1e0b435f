"""A run.yaml in, settings that do the same out; nothing is lost silently and no secret is copied."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from run_yamls import ALL, OGX_1_5, POSTGRES_0_3_5, REMOTE_VLLM_0_2_12, STARTER_0_2_22

from muniment.build import check_providers
from muniment.errors import InputError
from muniment.moving import Outcome, Translation, read_run_config, settings_text, translate
from muniment.moving.environment import Environment, UnsetVariableError
from muniment.moving.vector_dbs import collection_name
from muniment.settings import DialectName, Settings, load_settings

SET = {
    "INFERENCE_MODEL": "llama-3.2-3b",
    "VLLM_URL": "http://gpu:8000/v1",
    "VLLM_EMBEDDING_URL": "http://gpu:8001/v1",
    "MILVUS_URL": "http://milvus:19530",
    "MILVUS_TOKEN": "root:Milvus-secret",
    "MILVUS_ENDPOINT": "http://milvus:19530",
    "POSTGRES_PASSWORD": "postgres-secret",
    "VLLM_API_TOKEN": "vllm-secret",
}


def translated(tmp_path: Path, text: str, variables: dict[str, str] | None = None) -> Translation:
    file = tmp_path / "run.yaml"
    file.write_text(text, encoding="utf-8")
    return translate(read_run_config(file), SET if variables is None else variables)


def written(tmp_path: Path, text: str, variables: dict[str, str] | None = None) -> Settings:
    file = tmp_path / "muniment.yaml"
    file.write_text(settings_text(translated(tmp_path, text, variables), "run.yaml"), encoding="utf-8")
    settings = load_settings(file, {})
    check_providers(settings)
    return settings


def told(translation: Translation, outcome: Outcome) -> dict[str, str]:
    return {remark.what: remark.detail for remark in translation.of(outcome)}


def test_vllm_with_the_old_substitutions(tmp_path: Path) -> None:
    settings = written(tmp_path, REMOTE_VLLM_0_2_12, {"INFERENCE_MODEL": "llama-3.2-3b"})
    assert settings.generators["llama-3.2-3b"].model_dump() == {
        "provider": "openai",
        "base_url": "http://localhost:8000/v1",
        "model": "llama-3.2-3b",
    }
    assert settings.default_generator == "llama-3.2-3b"
    assert settings.server.port == 8321
    assert settings.vector_store.options == {}


def test_a_key_is_sent_when_its_variable_is_set_or_has_no_default(tmp_path: Path) -> None:
    options = written(tmp_path, REMOTE_VLLM_0_2_12).generators["llama-3.2-3b"].options
    assert options["api_key_env"] == "VLLM_API_TOKEN"
    without_default = REMOTE_VLLM_0_2_12.replace("${env.VLLM_API_TOKEN:fake}", "${env.VLLM_API_TOKEN}")
    settings = written(tmp_path, without_default, {"INFERENCE_MODEL": "llama-3.2-3b"})
    assert settings.generators["llama-3.2-3b"].options["api_key_env"] == "VLLM_API_TOKEN"


def test_the_model_behind_a_shield_is_not_the_one_that_answers(tmp_path: Path) -> None:
    first_is_guard = REMOTE_VLLM_0_2_12.replace("${env.INFERENCE_MODEL}", "safety/judge").replace(
        "provider_shield_id: meta-llama/Llama-Guard-3-8B", "provider_shield_id: safety/judge"
    )
    settings = written(tmp_path, first_is_guard)
    assert set(settings.generators) == {"safety/judge", "meta-llama/Llama-Guard-3-8B"}
    assert settings.default_generator == "extractive"


@pytest.mark.parametrize(
    ("text", "dialect"),
    [
        (REMOTE_VLLM_0_2_12, DialectName.LLAMA_STACK_0_2_22),
        (STARTER_0_2_22, DialectName.LLAMA_STACK_0_2_22),
        (POSTGRES_0_3_5, DialectName.LLAMA_STACK_0_3),
        (OGX_1_5, DialectName.OPENAI),
    ],
)
def test_clients_that_do_not_tell_are_answered_as_before(
    tmp_path: Path, text: str, dialect: DialectName
) -> None:
    assert written(tmp_path, text).server.dialect is dialect
    said = told(translated(tmp_path, text), Outcome.CHANGED)
    assert ("server.dialect" in said) == (dialect is not DialectName.OPENAI)


def test_a_declared_vector_db_is_a_collection(tmp_path: Path) -> None:
    settings = written(tmp_path, REMOTE_VLLM_0_2_12)
    assert settings.collections["hand-book_v1"].embedding_model == "all-MiniLM-L6-v2"
    said = told(translated(tmp_path, REMOTE_VLLM_0_2_12), Outcome.CHANGED)
    assert "vector_dbs.Hand-Book v1" in said


def test_the_starter_declares_what_its_variables_switch_on(tmp_path: Path) -> None:
    settings = written(tmp_path, STARTER_0_2_22)
    assert settings.generators["vllm"].options["base_url"] == "http://gpu:8000/v1"
    assert settings.default_generator == "vllm"
    assert settings.vector_store.options == {"uri": "http://milvus:19530", "api_key_env": "MILVUS_TOKEN"}
    assert settings.collections["docs-2024"].embedding_model == "all-MiniLM-L6-v2"
    left = told(translated(tmp_path, STARTER_0_2_22), Outcome.LEFT)
    assert "ollama (OLLAMA_URL)" in left["providers.inference"]
    assert {"providers.inference.openai", "providers.inference.bedrock", "providers.vector_io.faiss"} <= set(
        left
    )
    assert "shields.llama-guard" not in left
    switched_off = written(tmp_path, STARTER_0_2_22, {})
    assert switched_off.generators == {}
    assert switched_off.vector_store.options == {}


def test_vectors_in_a_milvus_server_can_be_adopted(tmp_path: Path) -> None:
    remarks = translated(tmp_path, STARTER_0_2_22).of(Outcome.CHANGED)
    assert any("`muniment adopt docs-2024 --collection docs_2024`" in remark.detail for remark in remarks)


def test_resources_of_0_3_with_postgres_and_a_remote_embedding_model(tmp_path: Path) -> None:
    settings = written(tmp_path, POSTGRES_0_3_5)
    assert settings.catalog_uri == "postgresql+psycopg://llamastack@localhost:5432/llamastack"
    assert settings.embedding_models["granite-embedding"].model_dump() == {
        "provider": "openai",
        "base_url": "http://gpu:8001/v1",
        "api_key_env": "VLLM_EMBEDDING_API_TOKEN",
        "model": "ibm-granite/granite-embedding-125m-english",
    }
    assert settings.collections["vs_policies"].embedding_model == "granite-embedding"
    assert settings.collections["vs_policies"].description == "Policies"
    assert settings.vector_store.options["uri"] == "http://milvus:19530"
    left = told(translated(tmp_path, POSTGRES_0_3_5), Outcome.LEFT)
    assert {"server.auth", "telemetry", "providers.vector_io.milvus"} <= set(left)


def test_ogx_with_weights_in_a_folder_that_are_packaged_here(tmp_path: Path) -> None:
    settings = written(tmp_path, OGX_1_5)
    assert settings.embedding_models["minilm"].model_dump() == {
        "provider": "encoder",
        "model": "all-MiniLM-L6-v2",
    }
    assert settings.generators["smollm2"].options["base_url"] == "http://gpu:8000/v1"
    assert (settings.server.host, settings.server.port) == ("127.0.0.1", 8450)
    assert settings.vector_store.options == {}


def test_shields_and_mcp_servers_are_carried_over(tmp_path: Path) -> None:
    settings = written(tmp_path, REMOTE_VLLM_0_2_12)
    assert settings.shields["content_safety"].model == "meta-llama/Llama-Guard-3-8B"
    assert settings.mcp.servers["mcp::tickets"].url == "http://tickets:8000/sse"
    changed = told(translated(tmp_path, REMOTE_VLLM_0_2_12), Outcome.CHANGED)
    assert "authorization_env" in changed["tool_groups.mcp::tickets"]
    others = REMOTE_VLLM_0_2_12.replace("http://tickets:8000/sse", "${env.TICKETS}").replace(
        "provider_shield_id: meta-llama/Llama-Guard-3-8B", "provider_shield_id: elsewhere"
    )
    left = told(translated(tmp_path, others), Outcome.LEFT)
    assert "'elsewhere'" in left["shields.content_safety"]
    assert "variable" in left["tool_groups.mcp::tickets"]


def test_what_has_no_counterpart_is_listed_and_stands_in_the_file(tmp_path: Path) -> None:
    translation = translated(tmp_path, REMOTE_VLLM_0_2_12)
    left = told(translation, Outcome.LEFT)
    expected = {
        "tool_groups.builtin::websearch",
        "providers.scoring",
        "providers.telemetry",
        "registrations",
    }
    assert expected <= set(left)
    comments = [line for line in settings_text(translation, "run.yaml").splitlines() if line.startswith("#")]
    assert all(any(what in line for line in comments) for what in left)
    assert "tool_groups.builtin::rag" in told(translation, Outcome.CARRIED)


def test_a_variable_that_is_not_set_is_named(tmp_path: Path) -> None:
    left = told(translated(tmp_path, REMOTE_VLLM_0_2_12, {}), Outcome.LEFT)
    assert "INFERENCE_MODEL" in left["models.${env.INFERENCE_MODEL}"]


@pytest.mark.parametrize("version", ALL)
def test_no_secret_is_copied(version: str, tmp_path: Path) -> None:
    text = settings_text(translated(tmp_path, ALL[version]), "run.yaml")
    assert "secret" not in text.replace("secrets", "")
    assert "sk-written" not in text
    assert "hidden" not in text


@pytest.mark.parametrize("version", ALL)
@pytest.mark.parametrize("variables", [{}, SET])
def test_settings_written_are_valid(version: str, variables: dict[str, str], tmp_path: Path) -> None:
    written(tmp_path, ALL[version], variables)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("providers: [", "run_config_unreadable"),
        ("just words", "not_a_run_config"),
        ("collections: {docs: {}}", "not_a_run_config"),
        ("version: 2\nproviders: []", "not_a_run_config"),
        ("version: 1\nproviders: {}", "unknown_run_config_version"),
        ("providers: {}", "unknown_run_config_version"),
    ],
)
def test_what_is_no_run_yaml_is_refused(text: str, code: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        translated(tmp_path, text)
    assert refused.value.code == code
    assert refused.value.hint


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.yaml"):
        read_run_config(tmp_path / "nowhere.yaml")


def test_version_3_is_read_as_version_2_is(tmp_path: Path) -> None:
    newer = POSTGRES_0_3_5.replace("version: 2", "version: 3")
    assert translated(tmp_path, newer).values == translated(tmp_path, POSTGRES_0_3_5).values


@pytest.mark.parametrize(
    ("value", "variables", "resolved"),
    [
        ("${env.A:=x}", {}, "x"),
        ("${env.A:=x}", {"A": "y"}, "y"),
        ("${env.A:=}", {}, None),
        ("${env.A:+x}", {}, None),
        ("${env.A:+x}", {"A": "y"}, "x"),
        ("${env.A:http://h:1/v1}", {}, "http://h:1/v1"),
        ("${env.A+x}", {"A": "1"}, "x"),
        ("${env.A:=8321}", {}, 8321),
        ("${env.A:=true}", {}, True),
        ("${env.A:=/a}/${env.B:=b}.db", {}, "/a/b.db"),
        ("plain: ${A}", {}, "plain: ${A}"),
    ],
)
def test_substitutions(value: str, variables: dict[str, str], resolved: object) -> None:
    assert Environment(variables).resolve(value) == resolved


def test_a_variable_without_default_must_be_set() -> None:
    with pytest.raises(UnsetVariableError, match="A"):
        Environment({}).resolve("${env.A}")


@given(st.lists(st.text(max_size=80), max_size=6))
def test_every_name_becomes_a_valid_one_of_its_own(names: list[str]) -> None:
    taken: dict[str, object] = {}
    for name in names:
        taken[collection_name(name, taken)] = {}
    assert len(taken) == len(names)
    Settings.model_validate({"collections": taken})


scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=12)
trees = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["provider_id", "provider_type", "config", "model_id", "url", "type", "host", "port"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
tops = st.dictionaries(
    st.sampled_from(
        ["models", "vector_dbs", "shields", "tool_groups", "server", "storage", "registered_resources",
         "vector_stores", "metadata_store", "telemetry"]
    ),
    trees,
)  # fmt: skip
apis = st.dictionaries(st.sampled_from(["inference", "vector_io", "files", "eval"]), trees)


@given(tops, apis)
def test_whatever_the_file_holds_the_translation_comes_to_an_end(
    top: dict[str, object], providers: dict[str, object]
) -> None:
    from muniment.moving import RunConfig

    translation = translate(RunConfig({"version": 2, **top, "providers": providers}), {})  # type: ignore[dict-item]
    assert all(
        line.startswith("#") for line in settings_text(translation, "a\nb: c").splitlines()[:4] if line
    )
