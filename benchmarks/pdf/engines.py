"""The engines that are compared, each from a file to the same plain items."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from docling_core.types.doc.document import DoclingDocument
from docling_core.types.doc.labels import DocItemLabel


@dataclass(frozen=True)
class Item:
    """One piece of a document: kind is heading, table or text; rows are a table's cell texts."""

    kind: str
    text: str
    page: int
    rows: list[list[str]] = field(default_factory=list)
    boxed: bool = False


def muniment(path: Path) -> list[Item]:
    """The built-in engine."""
    from muniment.providers.docling.pdf_pipeline import PdfOptions, convert_pdf

    return list(_items(convert_pdf(path, PdfOptions()).document))


def docling_native(path: Path) -> list[Item]:
    """Docling's pipeline without models: every text cell an item, in the order of the file."""
    from docling.backend.docling_parse_backend import ThreadedDoclingParseDocumentBackend
    from docling.datamodel.backend_options import ThreadedDoclingParseBackendOptions
    from docling.datamodel.base_models import InputFormat
    from docling.datamodel.document import InputDocument
    from docling.datamodel.pipeline_options import NativePdfPipelineOptions
    from docling.pipeline.native_pdf_pipeline import NativePdfPipeline

    source = InputDocument(
        path_or_stream=path,
        format=InputFormat.PDF,
        filename=path.name,
        backend=ThreadedDoclingParseDocumentBackend,
        backend_options=ThreadedDoclingParseBackendOptions(parser_threads=2, render_pages=False),
    )
    options = NativePdfPipelineOptions(generate_page_images=False)
    return list(_items(NativePdfPipeline(options).execute(source, raises_on_error=True).document))


def pdfium_text(path: Path) -> list[Item]:
    """PDFium's plain text, a line an item."""
    import pypdfium2

    document = pypdfium2.PdfDocument(path)
    return [
        Item("text", line.strip(), number)
        for number, page in enumerate(document, start=1)
        for line in page.get_textpage().get_text_range().splitlines()
        if line.strip()
    ]


def _items(document: DoclingDocument):
    for item, _ in document.iterate_items():
        page = item.prov[0].page_no if item.prov else 0
        if item.label == DocItemLabel.TABLE:
            rows = [[""] * item.data.num_cols for _ in range(item.data.num_rows)]
            for cell in item.data.table_cells:
                rows[cell.start_row_offset_idx][cell.start_col_offset_idx] = cell.text
            text = "\n".join(" ".join(row) for row in rows)
            yield Item("table", text, page, rows, bool(item.prov))
        elif item.label in (DocItemLabel.SECTION_HEADER, DocItemLabel.TITLE):
            yield Item("heading", item.text, page, [], bool(item.prov))
        elif getattr(item, "text", ""):
            yield Item("text", item.text, page, [], bool(item.prov))


ENGINES: dict[str, Callable[[Path], list[Item]]] = {
    "muniment": muniment,
    "docling-native": docling_native,
    "pdfium-text": pdfium_text,
}
