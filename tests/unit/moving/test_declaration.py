"""A settings file gets an adopted collection, and keeps everything else: values, comments, order."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from muniment.errors import ConflictError, SettingsError
from muniment.moving.declaration import declare_adopted
from muniment.moving.plain import Plain

ADOPT: dict[str, Plain] = {"collection": "docs_2024", "uri": "http://milvus:19530"}
DECLARED: dict[str, Plain] = {"embedding_model": "small"}

NEW = {"embedding_model": "small", "adopt": ADOPT}
SHAPES = {
    "": {"docs": NEW},
    "# nothing yet\n": {"docs": NEW},
    "server: {port: 1}\n": {"docs": NEW},
    "server: {port: 1}": {"docs": NEW},
    "collections:\n": {"docs": NEW},
    "collections:\nserver: {port: 1}\n": {"docs": NEW},
    "collections: {}  # none\nserver: {port: 1}\n": {"docs": NEW},
    "collections: {other: {top_k: 3}}\n": {"docs": NEW, "other": {"top_k": 3}},
    "collections:\n    other:\n        top_k: 3\n": {"docs": NEW, "other": {"top_k": 3}},
    "collections:\n  other: {top_k: 3}\n  docs:\n": {"docs": {"adopt": ADOPT}, "other": {"top_k": 3}},
    "collections:\n  docs: {}\n  other: {top_k: 3}\n": {"docs": {"adopt": ADOPT}, "other": {"top_k": 3}},
    "collections:\n  docs: {top_k: 3}\n": {"docs": {"top_k": 3, "adopt": ADOPT}},
    "collections:\n  docs:\n    # a comment\n    top_k: 3\n": {"docs": {"top_k": 3, "adopt": ADOPT}},
    "collections: {docs: {}}\n": {"docs": {"adopt": ADOPT}},
    "collections: {docs: , other: {top_k: 3}}\n": {"docs": {"adopt": ADOPT}, "other": {"top_k": 3}},
}


@pytest.mark.parametrize("text", SHAPES)
def test_every_way_to_write_collections(text: str) -> None:
    made = declare_adopted(text, "docs", DECLARED, ADOPT)
    before = yaml.safe_load(text) or {}
    assert yaml.safe_load(made) == {**before, "collections": SHAPES[text]}
    assert made.count("#") == text.count("#")


@pytest.mark.parametrize("held", ["sources: ./docs", "adopt: {collection: x}"])
def test_a_collection_with_documents_of_its_own_is_left_alone(held: str) -> None:
    with pytest.raises(ConflictError) as refused:
        declare_adopted(f"collections:\n  docs:\n    {held}\n", "docs", DECLARED, ADOPT)
    assert refused.value.code == "collection_exists"


@pytest.mark.parametrize("text", ["- a\n- b\n", "collections: [docs]\n", "collections: {docs: 3}\n"])
def test_what_holds_no_keys_is_refused(text: str) -> None:
    with pytest.raises(SettingsError):
        declare_adopted(text, "docs", DECLARED, ADOPT)


names = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,8}", fullmatch=True)
values = st.none() | st.fixed_dictionaries(
    {}, optional={"top_k": st.integers(1, 9), "description": st.text()}
)


@given(st.dictionaries(names, values, max_size=4), names, st.booleans(), st.integers(1, 6))
def test_whatever_is_declared_stays(
    collections: dict[str, dict[str, object] | None], name: str, flow: bool, indent: int
) -> None:
    values = {"data_dir": "x", "collections": collections, "server": {"port": 1}}
    text = yaml.safe_dump(values, default_flow_style=flow, indent=indent, sort_keys=False)
    made = yaml.safe_load(declare_adopted(text, name, DECLARED, ADOPT))
    known = collections.get(name)
    expected = {**(known or {}), "adopt": ADOPT} if name in collections else NEW
    assert made == {**values, "collections": {**collections, name: expected}}
