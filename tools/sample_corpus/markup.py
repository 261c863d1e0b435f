"""A small Markdown dialect shared by the PDF, DOCX and scan writers.

A content file is a front matter of ``key: value`` lines between two ``---``
lines, then blocks separated by blank lines.  Blocks starting with ``!`` are
directives (``!table``, ``!figure``, ``!pagebreak``, ``!space``).
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path

STEP = re.compile(r"^\d+\.\s+")
CLAUSE = re.compile(r"^\(([a-z]|[ivx]+)\)\s+")
NOTE = re.compile(r"^> (\w+): ")


@dataclass
class Block:
    """One piece of a document: a heading, paragraph, list, table and so on."""

    kind: str
    text: str = ""
    level: int = 0
    items: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    options: dict[str, str] = field(default_factory=dict)


@dataclass
class Document:
    """A parsed content file."""

    meta: dict[str, str]
    blocks: list[Block]


def load(path: Path) -> Document:
    """Read and parse one content file."""
    text = path.read_text(encoding="utf-8")
    meta: dict[str, str] = {}
    if text.startswith("---\n"):
        head, text = text[4:].split("\n---\n", 1)
        for line in head.splitlines():
            key, _, value = line.partition(":")
            meta[key.strip()] = value.strip()
    chunks = re.split(r"\n\s*\n", text.strip("\n"))
    return Document(meta, [parse_block(chunk) for chunk in chunks])


def parse_block(chunk: str) -> Block:
    """Decide what one blank-line separated chunk is."""
    lines = chunk.splitlines()
    first = lines[0]
    if first.startswith("!"):
        return parse_directive(lines)
    if first.startswith("#"):
        marks, _, title = first.partition(" ")
        return Block("heading", title.strip(), level=len(marks))
    if first.startswith("- "):
        return Block("bullets", items=list_items(lines, lambda s: s.startswith("- "), 2))
    if STEP.match(first):
        return Block("steps", items=list_items(lines, STEP.match, None))
    if CLAUSE.match(first):
        return Block("clauses", items=list_items(lines, CLAUSE.match, 0))
    match = NOTE.match(first)
    if match:
        body = " ".join(line.removeprefix("> ") for line in lines)
        return Block("note", body[match.end() - 2 :], options={"label": match.group(1)})
    return Block("para", " ".join(lines))


def list_items(lines: list[str], is_start, cut: int | None) -> list[str]:
    """Join continuation lines and strip list markers (``cut`` characters)."""
    items: list[str] = []
    for line in lines:
        if is_start(line):
            items.append(STEP.sub("", line) if cut is None else line[cut:])
        else:
            items[-1] += " " + line.strip()
    return items


def parse_directive(lines: list[str]) -> Block:
    """Parse ``!name key=value`` with the table rows that may follow."""
    words = shlex.split(lines[0][1:])
    options = dict(word.split("=", 1) for word in words[1:])
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines[1:]]
    return Block(words[0], options=options, rows=rows)


def inline(text: str) -> str:
    """Turn ``**bold**``, ``*italic*`` and backtick code into reportlab tags."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = text.replace("\\n", "<br/>")
    text = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", text)
    text = re.sub(r"(?<!\w)\*(.+?)\*(?!\w)", r"<i>\1</i>", text)
    return re.sub(r"`(.+?)`", r'<font face="Courier">\1</font>', text)


def plain(text: str) -> str:
    """Drop inline marks."""
    return re.sub(r"\*\*|`|(?<!\w)\*|\*(?!\w)", "", text.replace("\\n", "\n"))


def plain_pages(document: Document) -> list[str]:
    """Give the plain text of each page, pages being cut at ``!pagebreak``."""
    pages = [""]
    for block in document.blocks:
        if block.kind == "pagebreak":
            pages.append("")
            continue
        parts = [block.text, *block.items, *(" ".join(row) for row in block.rows)]
        pages[-1] += "\n".join(plain(part) for part in parts if part) + "\n"
    return pages
