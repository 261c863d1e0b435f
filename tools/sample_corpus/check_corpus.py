"""Check corpus and questions: python check_corpus.py [CORPUS_DIR QUESTIONS].

Exits with a message and status 1 when a quote is missing from its page, a
count or a size is out of bounds, or two builds differ.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
import sys
import tempfile
from pathlib import Path

import docx
import pypdfium2
from openpyxl import load_workbook
from pptx import Presentation

import markup
from make_corpus import CONTENT, SCANS, build

ROOT = Path(__file__).parents[2] / "src" / "muniment" / "sample" / "acme_corporate"
KINDS = {"number", "date", "name", "definition", "list", "yesno", "table", "procedure", "version"}
MAX_BYTES = 2_500_000
MIN_PDF_PAGES, MIN_PAGES, MIN_DOCUMENTS = 60, 80, 18
MIN_ANSWERABLE, MIN_UNANSWERABLE = 45, 18


def normal(text: str) -> str:
    """Collapse white space."""
    return re.sub(r"\s+", " ", text.replace("\u00a0", " ")).strip()


def pdf_pages(path: Path) -> list[str]:
    """Text of each page; scans answer with the text they were made from."""
    with pypdfium2.PdfDocument(path) as pdf:
        pages = [page.get_textpage().get_text_bounded() for page in pdf]
    if path.name not in SCANS:
        return pages
    if any(normal(page) for page in pages):
        raise ValueError(f"{path.name}: a scan must not have a text layer")
    source = markup.plain_pages(markup.load(CONTENT / f"{SCANS[path.name][0]}.md"))
    if len(source) != len(pages):
        raise ValueError(f"{path.name}: {len(pages)} pages, but {len(source)} in the source text")
    return source


def docx_text(path: Path) -> list[str]:
    """Paragraphs and table rows in document order, as one page."""
    lines = []
    for item in docx.Document(path).iter_inner_content():
        if hasattr(item, "rows"):
            lines += [" ".join(cell.text for cell in row.cells) for row in item.rows]
        else:
            lines.append(item.text)
    return ["\n".join(lines)]


def pptx_slides(path: Path) -> list[str]:
    """Text, tables and notes of each slide."""
    slides = []
    for slide in Presentation(path).slides:
        lines = [shape.text_frame.text for shape in slide.shapes if shape.has_text_frame]
        for shape in slide.shapes:
            if shape.has_table:
                lines += [" ".join(cell.text for cell in row.cells) for row in shape.table.rows]
        slides.append("\n".join([*lines, slide.notes_slide.notes_text_frame.text]))
    return slides


def xlsx_sheets(path: Path) -> list[str]:
    """Rows of each sheet, cells joined by spaces."""
    sheets = []
    for sheet in load_workbook(path, data_only=True).worksheets:
        rows = (" ".join(str(v) for v in row if v is not None) for row in sheet.iter_rows(values_only=True))
        sheets.append("\n".join(rows))
    return sheets


def html_text(path: Path) -> list[str]:
    """Visible text of a page."""
    text = re.sub(r"<style>.*?</style>", " ", path.read_text(encoding="utf-8"), flags=re.S)
    text = re.sub(r"</?(b|i|code|small|strong)>", "", text)
    return [html.unescape(re.sub(r"<[^>]+>", " ", text))]


READERS = {
    ".pdf": pdf_pages,
    ".docx": docx_text,
    ".pptx": pptx_slides,
    ".xlsx": xlsx_sheets,
    ".html": html_text,
}
PAGED = {".pdf", ".pptx", ".xlsx"}


def read(path: Path) -> list[str]:
    """Normalised text of each page of a document."""
    reader = READERS.get(path.suffix, lambda p: [p.read_text(encoding="utf-8")])
    return [normal(page) for page in reader(path)]


def check_question(row: dict, texts: dict[str, list[str]]) -> list[str]:
    """Problems of one question."""
    name = row["id"]
    if row["kind"] not in KINDS:
        return [f"{name}: unknown kind {row['kind']}"]
    if row["unanswerable"]:
        return [f"{name}: an unanswerable question has evidence"] if row["quote"] or row["pages"] else []
    unknown = [d for d in row["documents"] if d not in texts]
    if unknown or not row["documents"] or not row["quote"] or not row["answer"]:
        return [f"{name}: incomplete, unknown documents {unknown}"]
    document = row["documents"][0]
    pages = texts[document]
    quote = normal(row["quote"])
    if Path(document).suffix not in PAGED:
        found = quote in pages[0] and not row["pages"]
    else:
        inside = all(1 <= p <= len(pages) for p in row["pages"])
        found = inside and any(quote in pages[p - 1] for p in row["pages"])
    if found:
        return []
    where = [i for i, page in enumerate(pages, 1) if quote in page]
    return [f"{name}: quote not on {document} pages {row['pages']}; found on {where}"]


def check_questions(rows: list[dict], texts: dict[str, list[str]]) -> list[str]:
    """Problems of the whole question file."""
    problems = [problem for row in rows for problem in check_question(row, texts)]
    ids = [row["id"] for row in rows]
    problems += [f"{i}: id used twice" for i in {i for i in ids if ids.count(i) > 1}]
    answerable = [row for row in rows if not row["unanswerable"]]
    if len(answerable) < MIN_ANSWERABLE:
        problems.append(f"only {len(answerable)} answerable questions")
    if len(rows) - len(answerable) < MIN_UNANSWERABLE:
        problems.append(f"only {len(rows) - len(answerable)} unanswerable questions")
    used = {document for row in answerable for document in row["documents"]}
    return problems + [f"{name}: no question about it" for name in sorted(set(texts) - used)]


def check_counts(corpus: Path, texts: dict[str, list[str]]) -> list[str]:
    """Problems of number and size."""
    problems = []
    size = sum(path.stat().st_size for path in corpus.iterdir())
    pdf = sum(len(pages) for name, pages in texts.items() if name.endswith(".pdf"))
    total = sum(len(pages) for name, pages in texts.items() if Path(name).suffix in PAGED)
    if size > MAX_BYTES:
        problems.append(f"corpus has {size} bytes")
    if len(texts) < MIN_DOCUMENTS or pdf < MIN_PDF_PAGES or total < MIN_PAGES:
        problems.append(f"{len(texts)} documents, {pdf} PDF pages, {total} pages are too few")
    print(f"{len(texts)} documents, {pdf} PDF pages, {total} pages, slides and sheets, {size} bytes")
    return problems


def hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of every file in a folder."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def check_build(corpus: Path) -> list[str]:
    """Build twice and compare with each other and with the corpus."""
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        build(Path(first))
        build(Path(second))
        one, two = hashes(Path(first)), hashes(Path(second))
    here = hashes(corpus)
    problems = [f"{name}: two builds differ" for name in one if one[name] != two[name]]
    names = sorted(set(one) | set(here))
    return problems + [f"{n}: differs from a fresh build" for n in names if one.get(n) != here.get(n)]


def main() -> None:
    """Run all checks."""
    corpus = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "corpus"
    questions = Path(sys.argv[2]) if len(sys.argv) > 2 else ROOT / "questions.jsonl"
    texts = {path.name: read(path) for path in sorted(corpus.iterdir())}
    rows = [json.loads(line) for line in questions.read_text(encoding="utf-8").splitlines()]
    problems = check_counts(corpus, texts) + check_questions(rows, texts) + check_build(corpus)
    if problems:
        sys.exit("\n".join(problems))
    wrong = sum(row["unanswerable"] for row in rows)
    print(f"{len(rows) - wrong} answerable and {wrong} unanswerable questions; all checks passed")


if __name__ == "__main__":
    main()
