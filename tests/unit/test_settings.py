from pathlib import Path

import pytest

from muniment.build import check_providers
from muniment.errors import NotFoundError, SettingsError
from muniment.registry import check_options
from muniment.settings import ProviderSettings, find_settings_file, load_settings

YAML = """
data_dir: data
collections:
  handbook:
    sources: docs
    top_k: 5
generators:
  vllm: {provider: openai, base_url: "http://localhost:8000/v1"}
default_generator: vllm
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "muniment.yaml"
    path.write_text(YAML)
    return path


def test_defaults_work_without_a_file() -> None:
    settings = load_settings(None, {})
    assert settings.server.port == 8321
    assert settings.collections == {}


def test_paths_are_taken_from_the_folder_of_the_file(file: Path) -> None:
    settings = load_settings(file, {})
    assert settings.data_dir == file.parent / "data"
    assert settings.collections["handbook"].sources[0].options["path"] == str(file.parent / "docs")


def test_dots_in_a_path_are_gone_so_that_one_folder_is_written_in_one_way(tmp_path: Path) -> None:
    declared = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        file = tmp_path / name / "muniment.yaml"
        file.write_text("data_dir: ../data\ncollections: {docs: {sources: ../docs, embedding_model: m}}\n")
        settings = load_settings(file, {})
        assert settings.data_dir == tmp_path / "data"
        declared.append(settings.collections["docs"].sources)
    assert declared[0] == declared[1]
    assert declared[0][0].options["path"] == str(tmp_path / "docs")


def test_a_sources_options_reach_its_provider(tmp_path: Path) -> None:
    path = tmp_path / "muniment.yaml"
    path.write_text("collections: {c: {sources: [{path: a, include: ['*.pdf'], metadata: {team: hr}}]}}")
    (source,) = load_settings(path, {}).collections["c"].sources
    options = check_options("sources", source, "")
    assert (options.path, options.include) == (tmp_path / "a", ("*.pdf",))
    assert options.metadata == {"team": "hr"}


def test_an_unknown_provider_is_told_with_its_setting() -> None:
    with pytest.raises(NotFoundError) as caught:
        check_options("generators", ProviderSettings(provider="opnai"), "generators.model")
    assert caught.value.message == "generators.model.provider: unknown provider 'opnai'."
    assert "Did you mean 'openai'?" in caught.value.hint
    assert caught.value.code == "unknown_provider"


def test_a_language_model_is_one_line(file: Path) -> None:
    settings = load_settings(file, {})
    assert settings.generator_of(settings.collections["handbook"]) == "vllm"
    assert settings.generators["vllm"].options == {"base_url": "http://localhost:8000/v1"}


def test_the_environment_lies_over_the_file(file: Path) -> None:
    environment = {"MUNIMENT_SERVER__PORT": "9000", "MUNIMENT_COLLECTIONS__HANDBOOK__TOP_K": "3"}
    settings = load_settings(file, environment)
    assert settings.server.port == 9000
    assert settings.collections["handbook"].top_k == 3


@pytest.mark.parametrize(
    ("yaml", "near"),
    [
        ("colections: {}", "'collections'"),
        ("server: {prt: 1}", "'port'"),
        ("collections: {a: {topk: 5}}", "'top_k'"),
        ("collections: {a: {chunking: {max_token: 64}}}", "'max_tokens'"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_known_one(tmp_path: Path, yaml: str, near: str) -> None:
    path = tmp_path / "muniment.yaml"
    path.write_text(yaml)
    with pytest.raises(SettingsError) as caught:
        load_settings(path, {})
    assert near in caught.value.message


@pytest.mark.parametrize(
    ("name", "near"),
    [("MUNIMENT_SERVR__PORT", "MUNIMENT_SERVER"), ("MUNIMENT_SERVER__PROT", "MUNIMENT_SERVER__PORT")],
)
def test_an_unknown_variable_is_refused_with_the_nearest_known_one(name: str, near: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(None, {name: "1"})
    assert near in caught.value.message
    assert caught.value.code == "unknown_environment_variable"


@pytest.mark.parametrize(
    ("yaml", "said"),
    [
        ("server: {port: many}", "server.port"),
        ("server: {port: 99999}", "65535"),
        (
            "collections: {UPPER: {}}",
            "collections.UPPER: not a collection's name; a name has 1 to 63 lower-case",
        ),
        ("collections: {1: {}}", "collections.1: not a collection's name"),
        (
            "collections: {a: ./docs}",
            "collections.a must be a mapping such as {sources: ./docs} (got './docs')",
        ),
        ("collections: [a]", "collections must be a mapping of names"),
        ("collections: {a: {sources: 3}}", "sources must be a folder, as ./docs, or a list of sources, as ["),
        ("collections: {a: {sources: {provider: s3}}}", "put this one into a list, as [{provider: …}]"),
        ("shields: {s: {model: m, ignore: 6}}", "shields.s.ignore must be a list, such as [FIRST, SECOND]"),
        ("generators: {x: openai}", "generators.x must be a mapping that names its provider"),
        ("generators: {1: {provider: openai}}", "generators.1: a name must be text"),
        ("server: 3", "server must be a mapping"),
        ("default_generator: gpt", "no generator 'gpt' is declared"),
        ("collections: {a: {chunking: {max_tokens: 64, min_tokens: 64}}}", "smaller than max_tokens"),
        ("- a\n- b", "must hold keys and values"),
        ("a: [", "not valid YAML"),
        ("collections: {docs: {sources: ./d, adopt: {collection: x}}}", "give sources or adopt, not both"),
        ("collections: {docs: {adopt: {collection: x, api_key_env: K}}}", "api_key_env goes with uri"),
    ],
)
def test_a_wrong_value_says_where_and_what(tmp_path: Path, yaml: str, said: str) -> None:
    path = tmp_path / "muniment.yaml"
    path.write_text(yaml)
    with pytest.raises(SettingsError) as caught:
        load_settings(path, {})
    assert said in caught.value.message


@pytest.mark.parametrize("name", ["MUNIMENT_FOO", "MUNIMENT_X", "MUNIMENT_FOO__PORT"])
def test_a_variable_like_no_other_is_not_likened_to_one(name: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(None, {name: "1"})
    assert "did you mean" not in caught.value.message
    assert "MUNIMENT_SERVER__PORT" in caught.value.hint
    assert "docs/reference/settings.md" in caught.value.hint


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        find_settings_file(tmp_path / "none.yaml", {})
    assert caught.value.code == "settings_file_missing"
    assert find_settings_file(None, {}) is None or Path("muniment.yaml").exists()


RERANKERS = """
rerankers:
  judge: {provider: endpoint, base_url: "http://gpu:8000/v1/", api_key_file: key}
  other: {provider: fake}
default_reranker: judge
collections: {a: {}, b: {reranker: other, rerank_candidates: 50}, c: {reranker: none}}
"""


def test_a_collection_has_the_default_reranker_its_own_or_none(tmp_path: Path) -> None:
    (tmp_path / "muniment.yaml").write_text(RERANKERS)
    settings = load_settings(tmp_path / "muniment.yaml", {})
    collections = settings.collections
    assert [settings.reranker_of(collections[name]) for name in "abc"] == ["judge", "other", None]
    assert [collections[name].rerank_candidates for name in "abc"] == [30, 50, 30]
    options = check_options("rerankers", settings.rerankers["judge"], "rerankers.judge")
    assert (options.base_url, options.api_key_file) == ("http://gpu:8000/v1", tmp_path / "key")
    assert load_settings(None, {}).default_reranker is None


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("default_reranker: judge", "default_reranker: no reranker 'judge' is declared; declared: none"),
        (
            "collections: {a: {reranker: x}}\nrerankers: {y: {provider: fake}}",
            "collections.a.reranker: .*: y",
        ),
        ("rerankers: {none: {provider: fake}}", "rerankers.none: this name stands for no reranker"),
        ("collections: {a: {rerank_candidates: 1}}", "rerank_candidates"),
        ("collections: {a: {candidates: 10}}", "candidates"),
    ],
)
def test_a_reranker_that_is_not_there_is_refused(tmp_path: Path, written: str, told: str) -> None:
    (tmp_path / "muniment.yaml").write_text(written)
    with pytest.raises(SettingsError, match=told):
        load_settings(tmp_path / "muniment.yaml", {})


def test_a_misspelt_option_of_a_reranker_is_refused(tmp_path: Path) -> None:
    (tmp_path / "muniment.yaml").write_text(RERANKERS.replace("api_key_file", "api_key_flie"))
    with pytest.raises(SettingsError, match="api_key_flie"):
        check_providers(load_settings(tmp_path / "muniment.yaml", {}))


@pytest.mark.parametrize(
    ("uri", "told"),
    [
        ("foo", "not the URI of a database"),
        ("./catalog.db", "not the URI of a database"),
        ("admin:hidden@db:5432/muniment", "not the URI of a database"),
        ("mysql://admin:hidden@db/muniment", "a catalog cannot be in 'mysql'"),
        ("mssql+pyodbc://admin:hidden@db/muniment", "a catalog cannot be in 'mssql+pyodbc'"),
        ("postgresql+psycopg2://admin:hidden@db/muniment", "a catalog cannot be in 'postgresql+psycopg2'"),
        ("postgresql://admin:hidden@db:fifty/muniment", "its host and port cannot be read"),
        ("postgresql://admin:hid/den@db:1/muniment/", None),
        ("sqlite://", "names no file"),
        ("sqlite:///", "names no file"),
    ],
)
def test_a_catalog_that_cannot_be_is_refused_before_anything_starts(
    tmp_path: Path, uri: str, told: str | None
) -> None:
    path = tmp_path / "muniment.yaml"
    path.write_text(f"catalog_uri: {uri}\n")
    if told is None:
        assert load_settings(path, {}).catalog_uri == uri
        return
    with pytest.raises(SettingsError) as caught:
        load_settings(path, {})
    assert caught.value.code == "invalid_settings"
    assert f"catalog_uri: {told}" in caught.value.message
    assert "sqlite:///FILE" in caught.value.message and "postgresql://" in caught.value.message
    assert "hidden" not in caught.value.message


@pytest.mark.parametrize(
    "uri",
    [
        "sqlite:///catalog.db",
        "sqlite:////var/lib/muniment/catalog.db",
        "postgresql://db/muniment",
        "postgres://me@db:5432/muniment?sslmode=require",
        "postgresql+psycopg://me:p%40ss#?:w@[::1]:5432/muniment",
        "postgresql:///muniment?host=/var/run/postgresql",
    ],
)
def test_a_catalog_is_in_sqlite_or_postgresql_wherever_that_is(tmp_path: Path, uri: str) -> None:
    path = tmp_path / "muniment.yaml"
    path.write_text(f"catalog_uri: '{uri}'\n")
    assert load_settings(path, {}).catalog_uri == uri
