"""Both parsers keep the parser's contract."""

from pathlib import Path

import pytest

from muniment.errors import SettingsError
from muniment.protocols import ProviderContext
from muniment.providers.docling import PROVIDER as DOCLING
from muniment.providers.docling import DoclingOptions, DoclingParser
from muniment.providers.fake_parser import PROVIDER as FAKE
from muniment.testing.parser import ParserContract


@pytest.fixture(scope="class")
def sample():
    return ("deed.md", b"# Muniment\n\nA deed kept as evidence.\n")


class TestDoclingParser(ParserContract):
    @pytest.fixture
    async def parser(self):
        parser = DoclingParser(DoclingOptions(workers=1))
        yield parser
        await parser.aclose()


class TestFakeParser(ParserContract):
    @pytest.fixture
    async def parser(self, tmp_path):
        return await FAKE.create(FAKE.options(), ProviderContext(tmp_path))


async def test_a_models_folder_that_is_not_there_is_refused(tmp_path):
    options = DoclingOptions(artifacts_path=tmp_path / "gone")
    with pytest.raises(SettingsError) as caught:
        await DOCLING.create(options, ProviderContext(tmp_path))
    assert "gone" in caught.value.message
    assert caught.value.hint


def test_the_version_tells_settings_that_change_the_result():
    versions = {
        DoclingParser(options).version
        for options in (
            DoclingOptions(),
            DoclingOptions(ocr=False),
            DoclingOptions(artifacts_path=Path("models")),
        )
    }
    assert len(versions) == 3
    assert (
        DoclingParser(DoclingOptions(workers=1)).version == DoclingParser(DoclingOptions(workers=2)).version
    )
