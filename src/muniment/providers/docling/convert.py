"""From a file of a format that Docling reads to a parsed document. Runs inside a worker process."""

import contextlib
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from docling.backend.abstract_backend import DeclarativeDocumentBackend
from docling.datamodel.backend_options import BackendOptions, HTMLBackendOptions
from docling.datamodel.base_models import InputFormat
from docling.datamodel.document import InputDocument
from docling.exceptions import DocumentLoadError

from muniment.errors import DocumentError, MunimentError
from muniment.protocols import ParsedFile
from muniment.providers.docling import formats
from muniment.providers.docling.archives import as_document
from muniment.providers.docling.formats import Format, Recognised
from muniment.providers.docling.jobs import Job, Limits
from muniment.providers.docling.places import to_points
from muniment.providers.docling.plain import document_of_text, nests_deeper, text_of_html
from muniment.providers.docling.view import view

if TYPE_CHECKING:
    from docling_core.types.doc import DoclingDocument

    from muniment.providers.docling.pdf_pipeline import PdfOptions

_EMU_PER_POINT = 12_700
_HTML_LEVELS = 500
_TOO_DEEP = "The markup nests too deeply; the text was read without its structure."
_DAMAGED_HINT = "Open the file in its own program; if that works, save it anew and ingest it again."


@dataclass(frozen=True, slots=True)
class _Converted:
    document: "DoclingDocument"
    notes: tuple[str, ...] = ()


def convert(recognised: Recognised, job: Job, limits: Limits, parser: str) -> ParsedFile:
    """Convert and view one file of any format but plain text.

    Raises:
        DocumentError: damaged, encrypted or over a limit.
    """
    try:
        converted = _convert(recognised.format, job, limits)
    except MunimentError as error:
        raise type(error)(
            _named(error.message, job), code=error.code, hint=_named(error.hint, job)
        ) from error
    except MemoryError:
        raise
    except Exception as error:
        raise DocumentError(
            _named(f"{job.name} cannot be read as {recognised.format.value}: {_in_words(error)}", job),
            code="document_damaged",
            hint=_DAMAGED_HINT,
        ) from error
    notes = tuple(note for note in (recognised.note, *converted.notes) if note)
    document = view(converted.document, content_hash=job.content_hash, parser=parser, notes=notes)
    return ParsedFile(document, converted.document.model_dump_json(exclude_none=True).encode())


def _named(message: str, job: Job) -> str:
    """The message with the name people know instead of the path the file lies at."""
    return message.replace(str(job.path), job.name).replace(job.path.name, PurePosixPath(job.name).name)


def _in_words(error: Exception) -> str:
    """The error and what caused it, in one line."""
    causes: list[str] = []
    cause: BaseException | None = error
    while cause is not None and len(causes) < 3:
        line = str(cause).strip().splitlines()[0][:200] if str(cause).strip() else type(cause).__name__
        if line not in causes:
            causes.append(line)
        cause = cause.__cause__
    return "; ".join(causes) + "."


def _convert(kind: Format, job: Job, limits: Limits) -> _Converted:
    """Dispatch by format. Readers of text get UTF-8, whatever the file was written in."""
    readers: dict[Format, Callable[[Job, Limits], _Converted]] = {
        Format.PDF: _pdf,
        Format.IMAGE: _image,
        Format.DOCX: _docx,
        Format.PPTX: _pptx,
        Format.XLSX: _xlsx,
        Format.HTML: _html,
        Format.MARKDOWN: _markdown,
        Format.ASCIIDOC: _asciidoc,
        Format.CSV: _csv,
    }
    return readers[kind](job, limits)


def _pdf(job: Job, limits: Limits) -> _Converted:
    from muniment.providers.docling import pdf_pipeline

    result = pdf_pipeline.convert_pdf(job.path, _pdf_options(limits))
    notes = (
        _pages_note("Read by OCR", result.ocr_pages),
        _pages_note("Left out, because it is an image and OCR is off", result.unread_pages),
        _pages_note("Could not be read", result.failed_pages),
    )
    return _Converted(result.document, notes)


def _image(job: Job, limits: Limits) -> _Converted:
    from muniment.providers.docling import pdf_pipeline
    from muniment.providers.docling.images import check_image

    check_image(job.path, job.name, limits)
    result = pdf_pipeline.convert_image(job.path, _pdf_options(limits))
    return _Converted(result.document, ("The text was read from an image by OCR.",))


def _pdf_options(limits: Limits) -> "PdfOptions":
    from muniment.providers.docling.pdf_pipeline import PdfOptions

    return PdfOptions(
        ocr=limits.ocr,
        artifacts_path=Path(limits.artifacts_path) if limits.artifacts_path else None,
        max_pages=limits.max_pages,
        threads=limits.threads,
    )


def _pages_note(what: str, pages: tuple[int, ...]) -> str:
    if not pages:
        return ""
    shown = ", ".join(str(page) for page in pages[:20]) + (" and more" if len(pages) > 20 else "")
    return f"{what}: page{'s' if len(pages) > 1 else ''} {shown}."


def _docx(job: Job, limits: Limits) -> _Converted:
    from docling.backend.msword_backend import MsWordDocumentBackend

    return _Converted(_by_backend(job, InputFormat.DOCX, MsWordDocumentBackend, data=as_document(job.path)))


def _pptx(job: Job, limits: Limits) -> _Converted:
    from docling.backend.mspowerpoint_backend import MsPowerpointDocumentBackend

    document = _by_backend(job, InputFormat.PPTX, MsPowerpointDocumentBackend, data=as_document(job.path))
    to_points(document, units_per_point=_EMU_PER_POINT)
    return _Converted(document)


def _xlsx(job: Job, limits: Limits) -> _Converted:
    from docling.backend.msexcel_backend import MsExcelDocumentBackend

    return _Converted(_by_backend(job, InputFormat.XLSX, MsExcelDocumentBackend))


def _html(job: Job, limits: Limits) -> _Converted:
    from docling.backend.html_backend import HTMLDocumentBackend

    # What stands before the first heading is text like any other: people write introductions there.
    options = HTMLBackendOptions.model_validate({"infer_furniture": False})
    data = job.path.read_bytes()
    markup = formats.decode(data)
    if not nests_deeper(markup, _HTML_LEVELS):
        with contextlib.suppress(RecursionError):
            document = _by_backend(
                job, InputFormat.HTML, HTMLDocumentBackend, options, data, _without_navigation
            )
            return _Converted(document)
    return _Converted(document_of_text(text_of_html(markup), PurePosixPath(job.name).stem), (_TOO_DEEP,))


def _without_navigation(reader: DeclarativeDocumentBackend) -> None:
    """Take menus and search forms out of a page, as running headers are taken out of a PDF."""
    soup = getattr(reader, "soup", None)
    if soup is None:
        return
    for tag in soup.find_all(lambda tag: tag.name == "nav" or tag.get("role") in ("navigation", "search")):
        if not tag.decomposed:
            tag.decompose()


def _markdown(job: Job, limits: Limits) -> _Converted:
    from docling.backend.md_backend import MarkdownDocumentBackend

    text = formats.text_of_file(job.path)
    with contextlib.suppress(RecursionError):
        return _Converted(_by_backend(job, InputFormat.MD, MarkdownDocumentBackend, None, text.encode()))
    return _Converted(document_of_text(text, PurePosixPath(job.name).stem), (_TOO_DEEP,))


def _asciidoc(job: Job, limits: Limits) -> _Converted:
    from docling.backend.asciidoc_backend import AsciiDocBackend

    return _Converted(
        _by_backend(job, InputFormat.ASCIIDOC, AsciiDocBackend, None, formats.text_of_file(job.path).encode())
    )


def _csv(job: Job, limits: Limits) -> _Converted:
    from docling.backend.csv_backend import CsvDocumentBackend

    text = formats.text_of_file(job.path)
    try:
        return _Converted(_by_backend(job, InputFormat.CSV, CsvDocumentBackend, None, text.encode()))
    except DocumentLoadError:
        note = "The table's quoting is broken; it was read as plain text."
        return _Converted(document_of_text(text, PurePosixPath(job.name).stem), (note,))


def _by_backend(
    job: Job,
    kind: InputFormat,
    backend: type[DeclarativeDocumentBackend],
    options: BackendOptions | None = None,
    data: bytes | None = None,
    prepare: Callable[[DeclarativeDocumentBackend], None] | None = None,
) -> "DoclingDocument":
    """Run one of Docling's declarative backends; nothing is fetched, from the network or the disk."""
    name = PurePosixPath(job.name).name or "document"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        source = InputDocument(
            path_or_stream=BytesIO(data if data is not None else job.path.read_bytes()),
            format=kind,
            backend=backend,
            backend_options=options,
            filename=name,
        )
        reader = source._backend if source.valid else None
        if not isinstance(reader, DeclarativeDocumentBackend):
            rejection = source._rejection
            raise DocumentLoadError(rejection.message if rejection else "not a valid file") from (
                rejection.original_error if rejection else None
            )
        try:
            if prepare is not None:
                prepare(reader)
            return reader.convert()
        finally:
            reader.unload()  # type: ignore[no-untyped-call]
