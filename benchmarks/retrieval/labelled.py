"""The five labelled sets as files in a folder, their questions, and which place each chunk stands for.

A set is parsed and cut by the product's own parts (setting ``structure``), as for a user who puts these
files into a folder; or cut into windows of 200 tokens without any structure (setting ``windows``). A
question's gold is a set of *units*: documents of a corpus, pages, sections, or the chunks that touch a gold
span. A chunk of several units stands for them in reading order.
"""

import difflib
import hashlib
import html
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pypdfium2

from muniment.protocols import ParsedFile, Tokenizer
from muniment.providers.structure_chunker import StructureChunker
from muniment.types import BlockKind, Chunk, ParsedDocument

WINDOW, OVERLAP, WHOLE = 200, 32, 254
NATURAL = ("product_docs_qa", "chunk_spans", "squad2")
EU_PDF = "eu-ai-act-official-journal.pdf"

Parse = Callable[[Path], ParsedFile]
Words = list[tuple[str, int, int]]


@dataclass
class Piece:
    """A chunk as it is ranked: ``document`` is the file it comes from, ``ordinal`` its place there."""

    document: str
    ordinal: int
    title: str
    context: str
    headings: list[str]
    text: str
    units: list[str]

    @property
    def embedding_text(self) -> str:
        """What is embedded."""
        return f"{self.context}\n{self.text}" if self.context else self.text


@dataclass
class Labelled:
    """Pieces, questions by id, and gains of units by question id."""

    name: str
    pieces: list[Piece] = field(default_factory=list)
    questions: dict[str, str] = field(default_factory=dict)
    gains: dict[str, dict[str, int]] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        path.write_text(json.dumps({**asdict(self), "pieces": [asdict(p) for p in self.pieces]}))

    @classmethod
    def load(cls, path: Path) -> "Labelled":
        """Read what ``save`` wrote."""
        made = json.loads(path.read_text())
        return cls(made["name"], [Piece(**p) for p in made["pieces"]], made["questions"], made["gains"])


def rows(path: Path) -> list[dict[str, Any]]:
    """JSON lines; not splitlines(), texts hold other line ends than \\n."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


class Builder:
    """Makes sets from the reference data in ``data``.

    Args:
        parse: the product's parser, called with a file.
        scratch: folder for the files that entries of a corpus become.
        suffix: kind of file that these become, ``.md`` (the title is a heading) or ``.txt``.
    """

    def __init__(self, data: Path, tokenizer: Tokenizer, parse: Parse, scratch: Path, suffix: str) -> None:
        self._data = data
        self._tokenizer = tokenizer
        self._parse = parse
        self._scratch = scratch
        self._suffix = suffix
        self._chunker = StructureChunker(tokenizer, 254, 48)

    def build(self, name: str, setting: str) -> Labelled:
        """One set in one setting."""
        folder, made = self._data / name / "dev", Labelled(name)
        structured = setting == "structure"
        if name in ("product_docs_qa", "squad2"):
            self._corpus(folder, made, structured)
        elif name == "eu_ai_act":
            self._pages(folder, made, structured)
        elif name == "redhat_docs":
            self._sections(folder, made, structured)
        else:
            self._spans(folder, made, structured)
        made.gains = {q: g for q, g in made.gains.items() if any(g.values())}
        made.questions = {q: made.questions[q] for q in made.gains}
        return made

    # -- by document

    def _corpus(self, folder: Path, made: Labelled, structured: bool) -> None:
        made.questions = {row["_id"]: row["text"] for row in rows(folder / "queries.jsonl")}
        for line in (folder / "qrels.tsv").read_text(encoding="utf-8").split("\n")[1:]:
            if line:
                query, unit, gain = line.split("\t")
                made.gains.setdefault(query, {})[unit] = int(gain)
        for row in rows(folder / "corpus.jsonl"):
            title, text = row.get("title") or "", row["text"]
            if structured:
                document = self._document(self._written(made.name, row["_id"], title, text))
                for chunk in self._chunker.chunk(document):
                    made.pieces.append(_piece(row["_id"], document.title, chunk, [row["_id"]]))
            else:
                whole = text if text.startswith(title) else f"{title}\n{text}"
                self._windows(made, row["_id"], title, whole, lambda start, end, u=row["_id"]: [u])

    def _written(self, name: str, identifier: str, title: str, text: str) -> Path:
        folder = self._scratch / name
        folder.mkdir(parents=True, exist_ok=True)
        body = text[len(title) :].lstrip() if text.startswith(title) else text
        path = folder / (re.sub(r"[^A-Za-z0-9]+", "-", identifier)[-80:].strip("-") + self._suffix)
        path.write_text(f"# {title}\n\n{body}\n" if self._suffix == ".md" else f"{title}\n\n{body}\n")
        return path

    # -- by page

    def _pages(self, folder: Path, made: Labelled, structured: bool) -> None:
        for row in rows(folder / "locate_questions.jsonl"):
            made.questions[row["id"]] = row["question"]
            made.gains[row["id"]] = {str(page): 1 for page in row["gold_pages"]}
        if structured:
            document = self._document(folder / EU_PDF)
            for chunk in self._chunker.chunk(document):
                pages = [str(s.page) for s in chunk.spans if s.page is not None]
                made.pieces.append(_piece(EU_PDF, document.title, chunk, list(dict.fromkeys(pages))))
            return
        with pypdfium2.PdfDocument(folder / EU_PDF) as pdf:
            for number, page in enumerate(pdf, 1):
                text = re.sub(r"\s+", " ", page.get_textpage().get_text_bounded())
                self._windows(made, EU_PDF, "", text, lambda start, end, u=str(number): [u])

    # -- by section

    def _sections(self, folder: Path, made: Labelled, structured: bool) -> None:
        for row in rows(folder / "locate_questions.jsonl"):
            made.questions[row["id"]] = row["question"]
            made.gains[row["id"]] = {f"{row['gold_book']}#{row['gold_anchor']}": 1}
        for path in sorted((folder / "html").glob("*.html")):
            body = path.read_text(encoding="utf-8").split('<div id="content">', 1)[1]
            parts = [(_anchor(part), _plain(part)) for part in re.split(r"(?=<h[2-6][ >])", body)]
            if not structured:
                for anchor, text in parts:
                    self._windows(made, path.stem, "", text, lambda s, e, u=f"{path.stem}#{anchor}": [u])
                continue
            document = self._document(path)
            headings = [(_anchor(h), _plain(h)) for h in re.findall(r"(?s)<h[2-6][ >].*?</h[2-6]>", body)]
            starts = _section_starts(document, headings)
            for chunk in self._chunker.chunk(document):
                units = []
                for span in chunk.spans:
                    first = max((n for n, (at, _) in enumerate(starts) if at <= span.start), default=0)
                    units += [f"{path.stem}#{a}" for at, a in starts[first:] if at < span.end]
                made.pieces.append(_piece(path.stem, document.title, chunk, list(dict.fromkeys(units))))

    # -- by character span

    def _spans(self, folder: Path, made: Labelled, structured: bool) -> None:
        places: list[tuple[str, list[tuple[int, int]]]] = []
        for path in sorted((folder / "corpora").iterdir()):
            with path.open(encoding="utf-8", newline="") as file:
                text = file.read()
            if structured:
                document = self._document(path)
                original = _alignment(document.text, text)
                for chunk in self._chunker.chunk(document):
                    made.pieces.append(_piece(path.name, document.title, chunk, [str(len(made.pieces))]))
                    places.append((path.name, [p for s in chunk.spans for p in original(s.start, s.end)]))
            else:
                first = len(made.pieces)
                found: list[tuple[int, int]] = []
                self._windows(made, path.name, "", text, lambda s, e, f=found: f.append((s, e)) or [""])
                for number, piece in enumerate(made.pieces[first:], first):
                    piece.units = [str(number)]
                places += [(path.name, [place]) for place in found]
        for row in rows(folder / "questions.jsonl"):
            gold = [(r["start_index"], r["end_index"]) for r in row["references"]]
            made.questions[row["id"]] = row["question"]
            made.gains[row["id"]] = {
                str(number): 1
                for number, (name, ranges) in enumerate(places)
                if name == row["corpus"] and any(s < ge and gs < e for s, e in ranges for gs, ge in gold)
            }

    def _document(self, path: Path) -> ParsedDocument:
        return self._parse(path).document

    def _windows(
        self, made: Labelled, document: str, title: str, text: str, units: Callable[[int, int], list[str]]
    ) -> None:
        for start, end in windows(self._tokenizer, text):
            if text[start:end].strip():
                made.pieces.append(
                    Piece(document, len(made.pieces), title, "", [], text[start:end], units(start, end))
                )


def windows(tokenizer: Tokenizer, text: str) -> Iterator[tuple[int, int]]:
    """Ranges of WINDOW tokens overlapping by OVERLAP; a text of up to WHOLE tokens stays whole."""
    offsets = tokenizer.offsets(text)
    if len(offsets) <= WHOLE:
        yield 0, len(text)
        return
    for start in range(0, len(offsets) - OVERLAP, WINDOW - OVERLAP):
        yield offsets[start][0], offsets[start : start + WINDOW][-1][1]


def content_hash(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _piece(document: str, title: str, chunk: Chunk, units: list[str]) -> Piece:
    return Piece(document, chunk.ordinal, title, chunk.context, list(chunk.headings), chunk.text, units)


def _anchor(part: str) -> str | None:
    found = re.match(r'<h[2-6][^>]* id="([^"]*)"', part)
    return found[1] if found else None


def _plain(part: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", part))).strip()


def _section_starts(
    document: ParsedDocument, headings: list[tuple[str | None, str]]
) -> list[tuple[int, str | None]]:
    """Where each section begins in the parsed text, by its heading; what stands before has no anchor."""
    blocks = [b for b in document.blocks if b.kind in (BlockKind.TITLE, BlockKind.HEADING)]
    here = [_squeezed(document.text[b.start : b.end]) for b in blocks]
    there = [_squeezed(text) for _, text in headings]
    starts: list[tuple[int, str | None]] = [(0, None)]
    matcher = difflib.SequenceMatcher(None, here, there, autojunk=False)
    for a, b, size in matcher.get_matching_blocks():
        starts += [(blocks[a + n].start, headings[b + n][0]) for n in range(size)]
    return starts


def _squeezed(text: str) -> str:
    return re.sub(r"\W+", "", text).casefold()


def _alignment(parsed: str, original: str) -> Callable[[int, int], list[tuple[int, int]]]:
    """From a range of the parsed text to ranges of the original, by runs of equal words."""
    mine, theirs = _words(parsed), _words(original)
    matcher = difflib.SequenceMatcher(None, [w[0] for w in mine], [w[0] for w in theirs], autojunk=False)
    runs = [run for run in matcher.get_matching_blocks() if run.size]

    def original_of(start: int, end: int) -> list[tuple[int, int]]:
        found = []
        for a, b, size in runs:
            inside = [n for n in range(size) if mine[a + n][1] < end and start < mine[a + n][2]]
            if inside:
                found.append((theirs[b + inside[0]][1], theirs[b + inside[-1]][2]))
        return found

    return original_of


def _words(text: str) -> Words:
    return [(m[0], m.start(), m.end()) for m in re.finditer(r"\w+", text)]
