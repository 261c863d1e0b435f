"""What examples.py wrote, as the reader is trained on it."""

import json
from pathlib import Path

import numpy as np
import torch
from network import DIRECTIONS, OF_QUESTION, OF_WINDOWS
from numpy.typing import NDArray
from tokenizers import Tokenizer

from muniment.answerability.reader import CONTEXT, closeness, matches
from muniment.protocols import TokenStates

FOLDS = 4


class Examples:
    """What examples.py wrote."""

    def __init__(self, folder: Path, tokenizer: Path) -> None:
        stored = json.loads((folder / "examples.json").read_text("utf-8"))
        self.sha256 = stored["encoder_sha256"]
        self.rows = stored["rows"]
        self.questions, self.windows = Texts(folder / "questions.npz"), Texts(folder / "windows.npz")
        self.answerable = np.array([row["answerable"] for row in self.rows], int)
        self.sets = np.array([row["set"] for row in self.rows])
        self.kinds = np.array([row["kind"] for row in self.rows])
        self.signals = {
            name: np.array([row["signals"][name] for row in self.rows], np.float32)
            for name in ("all", "vectors", "words")
        }
        self.folds = np.array([self._fold(row["group"]) for row in self.rows])
        self._tokenizer = Tokenizer.from_file(str(tokenizer))
        self._prepare()

    def _fold(self, group: str) -> int:
        articles = sorted({r["group"] for r in self.rows if r["set"] == "squad2" and r["kind"] == "corpus"})
        return articles.index(group) % FOLDS if group in articles else int(group[-1]) % FOLDS

    def _prepare(self) -> None:
        context = self.windows.states[CONTEXT].astype(np.float32)[::7]
        self.mean = context.mean(0)
        values, vectors = np.linalg.eigh(np.cov((context - self.mean).T, bias=True))
        scale = np.sqrt(values[::-1][:DIRECTIONS].mean())
        self.directions = (vectors[:, ::-1][:, :DIRECTIONS] / scale).astype(np.float32)
        for texts in (self.questions, self.windows):
            texts.reduced = ((texts.states[CONTEXT].astype(np.float32) - self.mean) @ self.directions).astype(
                "f2"
            )
        self.of_question, self.of_windows, near, self.spans = [], [], [], []
        for row in self.rows:
            question = self.questions.get(row["question"])
            windows = [self.windows.get(row["window"])]
            of_question, of_windows = matches(question, windows)
            self.of_question.append(of_question.astype(np.float16))
            self.of_windows.append(of_windows.astype(np.float16))
            near.append(closeness(question, windows))
            self.spans.append(self._span(row, windows[0]) if row["kind"] == "corpus" else [])
        self.closeness = np.array(near)

    def _span(self, row: dict, window: TokenStates) -> list[int]:
        """Tokens of the window at which the first answer found stands."""
        ids = window.ids
        for answer in row["answers"][:3]:
            wanted = self._tokenizer.encode(answer, add_special_tokens=False).ids[:8]
            starts = (
                [s for s in np.flatnonzero(ids == wanted[0]) if list(ids[s : s + len(wanted)]) == wanted]
                if wanted
                else []
            )
            if starts:
                return [start + n for start in starts for n in range(len(wanted))]
        return []

    def batch(self, chosen: NDArray[np.int64]) -> dict[str, torch.Tensor]:
        """Padded arrays of the chosen rows."""
        length = max(len(self.of_question[i]) for i in chosen)
        given = max(len(self.of_windows[i]) for i in chosen)
        arrays = {
            "question": np.zeros((len(chosen), length, DIRECTIONS), np.float32),
            "windows": np.zeros((len(chosen), given, DIRECTIONS), np.float32),
            "of_question": np.zeros((len(chosen), length, OF_QUESTION), np.float32),
            "of_windows": np.zeros((len(chosen), given, OF_WINDOWS), np.float32),
            "question_mask": np.zeros((len(chosen), length), bool),
            "windows_mask": np.zeros((len(chosen), given), bool),
        }
        for place, i in enumerate(chosen):
            row = self.rows[i]
            parts = {
                "question": self.questions.reduced_of(row["question"]),
                "windows": self.windows.reduced_of(row["window"]),
                "of_question": self.of_question[i],
                "of_windows": self.of_windows[i],
            }
            for name, part in parts.items():
                arrays[name][place, : len(part)] = part
            for name in ("question", "windows"):
                arrays[name + "_mask"][place, : len(parts[name])] = True
        return {name: torch.from_numpy(array) for name, array in arrays.items()}


class Texts:
    """Token states of texts."""

    def __init__(self, file: Path) -> None:
        stored = np.load(file)
        self._ids, self.states = stored["ids"], stored["states"]
        self._starts = np.concatenate([[0], np.cumsum(stored["lengths"])])
        self.reduced = np.zeros(0)

    def get(self, number: int) -> TokenStates:
        """One text; its vector is not kept."""
        part = slice(self._starts[number], self._starts[number + 1])
        return TokenStates(self._ids[part], self.states[:, part].astype(np.float32), np.zeros(0, np.float32))

    def reduced_of(self, number: int) -> NDArray[np.float16]:
        """The reduced states of one text's tokens."""
        return self.reduced[self._starts[number] : self._starts[number + 1]]
