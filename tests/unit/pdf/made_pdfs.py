"""Writing PDFs for tests, and reading the documents made of them."""

from docling_core.types.doc.common.content_layer import ContentLayer
from docling_core.types.doc.document import DoclingDocument
from docling_core.types.doc.labels import DocItemLabel
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

WIDTH, HEIGHT = A4
LOREM = (
    "The warehouse keeps spare parts for every machine that was sold in the last ten years and "
    "ships them within two working days to any address in the country at no extra charge. "
    "Orders placed before noon leave on the same day unless the part has to be made first. "
)


def write(canvas: Canvas, x: float, top: float, text: str, size: float = 10, font: str = "Helvetica") -> None:
    """Write one line with its baseline ``top`` points below the page's upper edge."""
    canvas.setFont(font, size)
    canvas.drawString(x, HEIGHT - top, text)


def paragraph(
    canvas: Canvas, x: float, top: float, text: str, width: int = 80, size: float = 10, leading: float = 12
) -> float:
    """Write a paragraph broken at ``width`` characters; returns the top of the line after it."""
    line: list[str] = []
    for word in [*text.split(), ""]:
        if not word or len(" ".join([*line, word])) > width:
            write(canvas, x, top, " ".join(line), size)
            top += leading
            line = []
        line.append(word)
    return top


def body(document: DoclingDocument) -> list[tuple[str, str]]:
    """Label and text of the body's items in reading order; a table's text is its cells row by row."""
    out = []
    for item, _ in document.iterate_items():
        if item.label == DocItemLabel.TABLE:
            out.append(("table", " | ".join(cell.text for cell in item.data.table_cells)))
        else:
            out.append((item.label.value, getattr(item, "text", "")))
    return out


def furniture(document: DoclingDocument) -> list[str]:
    """Texts of the running lines."""
    layers = {ContentLayer.FURNITURE}
    return [item.text for item, _ in document.iterate_items(included_content_layers=layers)]


def grid(document: DoclingDocument, index: int = 0) -> list[list[str]]:
    """Cell texts of a table by row and column; spanned cells repeat."""
    data = document.tables[index].data
    rows = [[""] * data.num_cols for _ in range(data.num_rows)]
    for cell in data.table_cells:
        for row in range(cell.start_row_offset_idx, cell.end_row_offset_idx):
            for column in range(cell.start_col_offset_idx, cell.end_col_offset_idx):
                rows[row][column] = cell.text
    return rows
