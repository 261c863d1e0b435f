"""The guide's example is a whole source: one file and an entry point, found and used like our own."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest

from muniment.errors import SettingsError, UnavailableError
from muniment.protocols import ProviderContext, Source
from muniment.registry import create, find_provider, provider_entry_points, provider_names
from muniment.settings import ProviderSettings
from muniment.testing.source import SourceContract

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guides" / "write-a-provider.md"
pytestmark = pytest.mark.skipif(not GUIDE.exists(), reason="no documentation beside the tests")


def blocks(language: str) -> list[str]:
    return re.findall(
        rf"^```{language}\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The example as an installed package."""
    site = tmp_path / "site"
    (site / "my_package").mkdir(parents=True)
    (site / "my_package" / "__init__.py").touch()
    (site / "my_package" / "zip_source.py").write_text(blocks("python")[0], encoding="utf-8")
    information = site / "my_package-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: my-package\nVersion: 1.0\n")
    points = re.sub(r"\[project\.entry-points\.\"(.+)\"\]", r"[\1]", blocks("toml")[0]).replace('"', "")
    (information / "entry_points.txt").write_text(points)
    monkeypatch.syspath_prepend(str(site))
    forget_providers()
    yield
    for name in ("my_package", "my_package.zip_source"):
        sys.modules.pop(name, None)
    forget_providers()


def forget_providers() -> None:
    provider_entry_points.cache_clear()
    find_provider.cache_clear()
    provider_names.cache_clear()


def settings(**options: object) -> ProviderSettings:
    return ProviderSettings.model_validate({"provider": "zip", **options})


class TestTheGuidesExample(SourceContract):
    @pytest.fixture
    async def source(self, installed: None, tmp_path: Path) -> Source:
        with ZipFile(tmp_path / "papers.zip", "w") as archive:
            archive.mkdir("sub")
            archive.writestr("sub/ü.txt", b"beta")
            archive.writestr("a.txt", b"alpha")
        path = str(tmp_path / "papers.zip")
        made: Source = await create("sources", settings(path=path), ProviderContext(tmp_path), "sources.0")
        return made


async def test_its_mistakes_are_told_like_our_own(installed: None, tmp_path: Path) -> None:
    assert "zip" in provider_names("sources")
    with pytest.raises(SettingsError, match="did you mean 'path'"):
        await create("sources", settings(pth="x"), ProviderContext(tmp_path), "sources.0")
    gone = settings(path=str(tmp_path / "none.zip"))
    source: Source = await create("sources", gone, ProviderContext(tmp_path), "sources.0")
    with pytest.raises(UnavailableError):
        await source.check()
