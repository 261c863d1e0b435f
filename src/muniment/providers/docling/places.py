"""Where text stands: pages and boxes from Docling's provenances, in points from the top left."""

from collections.abc import Sequence
from dataclasses import dataclass

from docling_core.types.doc import ContentLayer, DocItem, DoclingDocument, ProvenanceItem, TableItem
from docling_core.types.doc.base import BoundingBox

from muniment.types import Box, Span

Sizes = dict[int, tuple[float, float]]
"""Page number to (width, height)."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text and its provenances, whose character ranges count from ``shift`` within it."""

    text: str
    provs: tuple[ProvenanceItem, ...] = ()
    shift: int = 0

    def led_by(self, prefix: str) -> "Piece":
        """The same piece with ``prefix`` in front."""
        return Piece(prefix + self.text, self.provs, self.shift + len(prefix))


def page_sizes(document: DoclingDocument) -> Sizes:
    """The size of every page."""
    return {number: (page.size.width, page.size.height) for number, page in document.pages.items()}


def to_points(document: DoclingDocument, *, units_per_point: float) -> None:
    """Turn the document's own units of length into points, pages and boxes alike."""
    for page in document.pages.values():
        page.size.width /= units_per_point
        page.size.height /= units_per_point
    for item, _ in document.iterate_items(traverse_pictures=True, included_content_layers=set(ContentLayer)):
        for prov in item.prov if isinstance(item, DocItem) else ():
            prov.bbox = prov.bbox.scaled(1 / units_per_point)
        if isinstance(item, TableItem):
            for cell in item.data.table_cells:
                cell.bbox = cell.bbox and cell.bbox.scaled(1 / units_per_point)


def pieces_of(text: str, provs: Sequence[ProvenanceItem], *, keep_indent: bool = False) -> list[Piece]:
    """``text`` without blanks around it, as one piece; none when nothing is left."""
    bare = text.strip("\r\n").rstrip() if keep_indent else text.strip()
    if not bare.strip():
        return []
    return [Piece(bare, tuple(provs), -text.find(bare))]


def spans_of(pieces: Sequence[Piece], start: int, sizes: Sizes) -> tuple[Span, ...]:
    """The spans of consecutive pieces that begin at ``start`` of the document's text.

    They cover the pieces exactly; neighbours at the same place become one.
    """
    spans: list[Span] = []
    at = start
    for piece in pieces:
        end = at + len(piece.text)
        for low, high, prov in _parts(piece):
            span = _span(at + low, at + high, prov, sizes)
            if spans and (spans[-1].page, spans[-1].box) == (span.page, span.box):
                span = Span(spans.pop().start, span.end, span.page, span.box)
            spans.append(span)
        at = end
    return tuple(spans)


def _parts(piece: Piece) -> list[tuple[int, int, ProvenanceItem | None]]:
    """The piece's ranges by provenance, which together cover it."""
    length = len(piece.text)
    if len(piece.provs) < 2:
        return [(0, length, piece.provs[0] if piece.provs else None)]
    cuts = [min(max(prov.charspan[0] + piece.shift, 0), length) for prov in piece.provs[1:]]
    if cuts != sorted(cuts) or cuts[-1] <= 0:
        cuts = _cuts_by_area(piece)
    ranges = zip([0, *cuts], [*cuts, length], piece.provs, strict=True)
    return [(low, high, prov) for low, high, prov in ranges if low < high]


def _cuts_by_area(piece: Piece) -> list[int]:
    """Where each provenance but the first begins, when their character ranges say nothing: by size of box."""
    areas = [max(abs(prov.bbox.width * prov.bbox.height), 1e-6) for prov in piece.provs]
    total, seen, cuts = sum(areas), 0.0, []
    for area in areas[:-1]:
        seen += area
        wanted = int(len(piece.text) * seen / total)
        space = piece.text.find(" ", wanted)
        cuts.append(space + 1 if space >= 0 else wanted)
    return cuts


def place(
    start: int, end: int, boxes: Sequence[BoundingBox], provs: Sequence[ProvenanceItem], sizes: Sizes
) -> Span:
    """The span of a table or row: the union of ``boxes``, or the box of the provenance that holds them."""
    if not provs:
        return Span(start, end)
    prov = provs[0]
    if not boxes:
        return _span(start, end, prov, sizes)
    if len(provs) > 1:
        prov = max(provs, key=lambda candidate: _overlap(candidate.bbox, boxes[0]))
    height = sizes.get(prov.page_no, (0.0, 0.0))[1]
    whole = [box.to_top_left_origin(height) for box in boxes]
    union = Box(
        round(min(box.l for box in whole), 2),
        round(min(box.t for box in whole), 2),
        round(max(box.r for box in whole), 2),
        round(max(box.b for box in whole), 2),
    )
    return Span(start, end, prov.page_no, union)


def _overlap(one: BoundingBox, other: BoundingBox) -> float:
    return one.intersection_area_with(other) if one.coord_origin == other.coord_origin else 0.0


def _span(start: int, end: int, prov: ProvenanceItem | None, sizes: Sizes) -> Span:
    if prov is None:
        return Span(start, end)
    size = sizes.get(prov.page_no)
    if size is None and prov.bbox.coord_origin.value != "TOPLEFT":
        return Span(start, end, prov.page_no)
    box = prov.bbox.to_top_left_origin(size[1] if size else 0.0)
    if box.r <= box.l or box.b <= box.t:
        return Span(start, end, prov.page_no)
    return Span(
        start, end, prov.page_no, Box(round(box.l, 2), round(box.t, 2), round(box.r, 2), round(box.b, 2))
    )
