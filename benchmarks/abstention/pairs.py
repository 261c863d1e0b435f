"""Questions in pairs: one that the documents answer, one beside it, of the same topic, that they do not.

Language models wrote them for this benchmark from documents of the reference data, and saw no judgement of
them by Muniment; see pairs/README.md. A pair stays together in every split.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from corpora import Asked

FOLDER = Path(__file__).parent / "pairs"
DOCUMENTS = {
    "basecamp_policies": ("acme_corporate/dev/basecamp_policies", "*.md"),
    "chunk_spans": ("chunk_spans/dev/corpora", "*"),
    "eu_ai_act": ("eu_ai_act/dev", "eu-ai-act.md"),
    "redhat_docs": ("redhat_docs/dev/asciidoc", "*.adoc"),
}
"""Where below the reference data the documents of a set lie; those of the others are in BEIR form."""


@dataclass(frozen=True)
class Paired:
    """A question of a pair; ``pair`` is the same for both."""

    asked: Asked
    pair: str


def paired() -> dict[str, list[Paired]]:
    """All pairs, by set."""
    return {file.stem: _read(file) for file in sorted(FOLDER.glob("*.jsonl"))}


def _read(file: Path) -> list[Paired]:
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    return [
        Paired(
            Asked(
                row["question"],
                not row["unanswerable"],
                () if row["unanswerable"] else (row["answer"],),
                documents=(row["document"],),
            ),
            row["pair"],
        )
        for row in rows
    ]
