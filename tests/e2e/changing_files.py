"""A folder of texts that is edited at random between runs, as people and programs edit theirs."""

import random
from pathlib import Path


class ChangingFiles:
    """The folder. Numbers make every content new, unless it is copied on purpose."""

    def __init__(self, folder: Path, dice: random.Random, documents: int) -> None:
        self.folder = folder
        self._dice = dice
        self._made = 0
        folder.mkdir(parents=True, exist_ok=True)
        for _ in range(documents):
            self.add()

    def edit(self) -> None:
        """A few changes of every kind."""
        kinds = [self.add, self.change, self.rename, self.copy, self.delete, self.touch, self.damage]
        for kind in self._dice.choices(kinds, weights=[4, 6, 3, 2, 4, 1, 1], k=self._dice.randint(6, 14)):
            kind()

    def add(self) -> None:
        """A new file, in a folder of its own now and then."""
        name = f"{self._number():05}.txt"
        self._path(f"part {self._made % 3}/{name}" if self._made % 4 == 0 else name).write_text(self._text())

    def change(self) -> None:
        """Another content, which may have as many bytes."""
        self._any().write_text(self._text())

    def rename(self) -> None:
        """The same file under another name."""
        path = self._any()
        path.rename(path.with_name(f"{self._number():05} renamed.txt"))

    def copy(self) -> None:
        """The same content under a second name."""
        path = self._any()
        path.with_name(f"{self._number():05} copy.txt").write_bytes(path.read_bytes())

    def delete(self) -> None:
        """One less, while some are left."""
        if len(self._files()) > 8:
            self._any().unlink()

    def touch(self) -> None:
        """Another time and the same content."""
        path = self._any()
        path.write_bytes(path.read_bytes())

    def damage(self) -> None:
        """A new file that cannot be read."""
        self._path(f"{self._number():05} damaged.bin").write_bytes(b"\x00\xff" * self._dice.randint(10, 50))

    def _text(self) -> str:
        number = self._number()
        return "\n\n".join(
            f"# Part {part} of {number:05}\n\n" + f"Pump {number:05} takes {part * 7} litres of oil. " * 20
            for part in range(self._dice.randint(1, 7))
        )

    def _number(self) -> int:
        self._made += 1
        return self._made

    def _path(self, name: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        return path

    def _any(self) -> Path:
        return self._dice.choice([path for path in self._files() if path.suffix == ".txt"])

    def _files(self) -> list[Path]:
        return sorted(path for path in self.folder.rglob("*") if path.is_file())
