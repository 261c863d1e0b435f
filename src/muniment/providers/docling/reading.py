"""From a file of any supported format to a parsed document. Runs inside a worker process.

Docling is imported with the first file that needs it.
"""

import sys
from dataclasses import replace
from pathlib import PurePosixPath

from muniment.errors import DocumentError
from muniment.protocols import ParsedFile
from muniment.providers.docling import formats
from muniment.providers.docling.formats import Format, Recognised
from muniment.providers.docling.jobs import Job, Limits
from muniment.providers.docling.plain_text import read_plain

_CONVERT = "muniment.providers.docling.convert"


def parse(job: Job, limits: Limits, parser: str) -> ParsedFile:
    """Recognise, convert and view one file.

    Raises:
        DocumentError: empty, damaged, encrypted, over a limit, or without any text.
        UnsupportedFormatError: no format that can be read.
    """
    recognised = _recognise(job, limits)
    if recognised.format is Format.TEXT:
        notes = (recognised.note,) if recognised.note else ()
        name, text = PurePosixPath(job.name).stem, formats.text_of_file(job.path)
        parsed = read_plain(text, name, content_hash=job.content_hash, parser=parser, notes=notes)
    else:
        from muniment.providers.docling.convert import convert

        parsed = convert(recognised, job, limits, parser)
    document = parsed.document
    if not document.text:
        document = replace(document, notes=(*document.notes, "No text was found in it."))
    return replace(parsed, document=document)


def loaded() -> bool:
    """Whether Docling is imported, so that the next file need not wait for that."""
    return _CONVERT in sys.modules


def _recognise(job: Job, limits: Limits) -> Recognised:
    try:
        size = job.path.stat().st_size
        if size > limits.max_file_bytes:
            raise DocumentError(
                f"{job.name} has {size / 2**20:.0f} MB; the limit is {limits.max_file_bytes // 2**20} MB.",
                code="document_too_large",
                hint="Split the file, or raise parser.max_file_mb.",
            )
        return formats.recognise(job.path, job.name, max_unpacked_bytes=limits.max_unpacked_bytes)
    except OSError as error:
        raise DocumentError(
            f"{job.name} cannot be opened: {error.strerror or error}.",
            code="document_gone",
            hint="It was moved, deleted or made unreadable while it was ingested. Check it and ingest again.",
        ) from error
