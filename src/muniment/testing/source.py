"""What every Source must do."""

from pathlib import Path

import pytest

from muniment.errors import NotFoundError
from muniment.protocols import Source
from muniment.types import SourceFile


class SourceContract:
    """Inherit it and give a fixture ``source`` with ``a.txt`` (b"alpha") and ``sub/ü.txt`` (b"beta")."""

    async def test_lists_every_file_in_a_stable_order(self, source: Source) -> None:
        """With names, sizes and versions."""
        first = [file async for file in source.list()]
        assert [file.name for file in first] == ["a.txt", "sub/ü.txt"]
        assert [file.size for file in first] == [5, 4]
        assert len({file.uri for file in first}) == 2
        assert first == [file async for file in source.list()]

    async def test_hands_out_the_bytes(self, source: Source, tmp_path: Path) -> None:
        """To the target asked for."""
        for file, expected in zip([file async for file in source.list()], (b"alpha", b"beta"), strict=True):
            target = tmp_path / "fetched"
            await source.fetch(file, target)
            assert target.read_bytes() == expected

    async def test_says_when_a_file_is_gone(self, source: Source, tmp_path: Path) -> None:
        """A file that disappears after listing fails alone, with its own code."""
        file = await anext(source.list())
        ghost = SourceFile(file.uri + "-gone", "gone", 1, "1")
        with pytest.raises(NotFoundError) as caught:
            await source.fetch(ghost, tmp_path / "fetched")
        assert caught.value.code == "source_file_gone"
