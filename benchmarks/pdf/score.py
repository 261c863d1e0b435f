"""Measures of what an engine found, against expected documents, bookmarks and provisions."""

import html
import json
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from engines import Item
from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

Heading = tuple[int, str]  # page, text

ELI = "eli http data europa eu eli reg 2024 1689 oj"


def plain(text: str) -> str:
    """Lower case, words and digits only."""
    return re.sub(r"[\W_]+", " ", html.unescape(text).lower()).strip()


def matched(expected: Sequence[Heading], found: Sequence[Heading], threshold: int) -> int:
    """Greedy one-to-one matches of headings on the same page with fuzzy equal text."""
    used: set[int] = set()
    for page, text in expected:
        for index, (other, candidate) in enumerate(found):
            if index in used or page != other or fuzz.ratio(plain(text), plain(candidate)) < threshold:
                continue
            used.add(index)
            break
    return len(used)


def headings(items: Sequence[Item]) -> list[Heading]:
    """Pages and texts of the headings."""
    return [(item.page, item.text) for item in items if item.kind == "heading"]


class Expected:
    """Sums over documents that have an expected Docling document and Markdown beside them."""

    def __init__(self) -> None:
        self.hits = self.wanted = self.found = 0
        self.order: list[tuple[int, float]] = []
        self.tables = self.tables_wanted = self.tables_found = self.cells = self.cells_wanted = 0
        self.leaks = self.running = 0

    def add(self, items: Sequence[Item], truth_path: Path) -> None:
        """Count one document."""
        truth = json.loads(truth_path.read_text())
        wanted = [
            (text["prov"][0]["page_no"], text["text"])
            for text in truth["texts"]
            if text["label"] in ("section_header", "title") and text["prov"]
        ]
        self.hits += matched(wanted, headings(items), 88)
        self.wanted += len(wanted)
        self.found += len(headings(items))
        markdown = re.sub(r"<!--.*?-->", "", truth_path.with_suffix(".md").read_text())
        words = plain(markdown).split()
        got = plain("\n".join(item.text for item in items)).split()
        self.order.append((len(words), Levenshtein.normalized_similarity(words, got)))
        self._add_tables(items, truth)
        self._add_leaks(items, truth)

    def _add_tables(self, items: Sequence[Item], truth: dict) -> None:
        tables = [item for item in items if item.kind == "table"]
        self.tables_found += len(tables)
        for table in truth["tables"]:
            cells = [plain(cell["text"]) for cell in table["data"]["table_cells"] if plain(cell["text"])]
            if table["label"] != "table" or not cells:
                continue
            page = table["prov"][0]["page_no"]
            bag = Counter(" ".join(cells).split())
            here = [item for item in tables if item.page == page]
            shares = [
                sum((bag & Counter(plain(item.text).split())).values()) / sum(bag.values()) for item in here
            ]
            self.tables_wanted += 1
            self.tables += max(shares, default=0) >= 0.5
            have = Counter(plain(cell) for item in here for row in item.rows for cell in row)
            self.cells_wanted += len(cells)
            self.cells += sum((Counter(cells) & have).values())

    def _add_leaks(self, items: Sequence[Item], truth: dict) -> None:
        for text in truth["texts"]:
            running = plain(text["text"])
            if text["label"] not in ("page_header", "page_footer") or not running:
                continue
            page = text["prov"][0]["page_no"]
            self.running += 1
            self.leaks += any(
                item.page == page
                and (plain(item.text) == running or (len(running) > 8 and running in plain(item.text)))
                for item in items
            )

    def result(self) -> dict[str, object]:
        """The measures, rounded."""
        precision, recall = self.hits / max(self.found, 1), self.hits / max(self.wanted, 1)
        weight = sum(words for words, _ in self.order)
        return {
            "heading_precision": round(precision, 2),
            "heading_recall": round(recall, 2),
            "heading_f1": round(2 * precision * recall / max(precision + recall, 1e-9), 2),
            "order_weighted": round(sum(words * value for words, value in self.order) / weight, 3),
            "order_mean": round(sum(value for _, value in self.order) / len(self.order), 3),
            "tables_found": f"{self.tables} of {self.tables_wanted}, {self.tables_found} in all",
            "cells": round(self.cells / max(self.cells_wanted, 1), 2),
            "running_lines_left": f"{self.leaks} of {self.running}",
        }


def articles(items: Sequence[Item], provisions: Path) -> dict[str, object]:
    """Articles of the AI Act that are headings on the right page, and running lines left in the body.

    The regulation cites its own address once, within brackets; that is not counted.
    """
    found = headings(items)
    wanted = [
        entry for entry in map(json.loads, provisions.read_text().splitlines()) if entry["kind"] == "article"
    ]
    right = sum(
        any(
            page == article["pdf_page_start"] and re.match(rf"article {article['number']}\b", plain(text))
            for page, text in found
        )
        for article in wanted
    )
    leaks = sum(ELI in plain(item.text) and "(OJ L" not in item.text for item in items)
    return {"articles": f"{right} of {len(wanted)}", "running_lines_left": leaks}


def outline(items: Sequence[Item], bookmarks: Sequence[Heading]) -> dict[str, object]:
    """Recall and precision of the headings against a document's bookmarks, which no engine is shown."""
    found = headings(items)
    hits = matched(bookmarks, found, 90)
    return {
        "outline_recall": round(hits / max(len(bookmarks), 1), 2),
        "outline_precision": round(hits / max(len(found), 1), 2),
    }
