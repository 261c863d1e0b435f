"""PDFs through Docling's own pipeline and models, when their weights are in a local folder.

Needs packages that Muniment does not install (PyTorch among them); they are imported here only.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from docling_core.types.doc.document import DoclingDocument

from muniment.errors import DocumentError, SettingsError

if TYPE_CHECKING:
    from docling.document_converter import DocumentConverter

_PACKAGES = "docling[standard] (docling-ibm-models, torch, torchvision)"


def convert_with_models(path: Path, artifacts: Path, threads: int, ocr: bool) -> DoclingDocument:
    """Convert a PDF with Docling's layout and table models.

    Raises:
        SettingsError: ``artifacts_unusable``: no such folder, or a package is missing.
        DocumentError: ``document_damaged``: Docling could not convert the file.
    """
    if not artifacts.is_dir():
        raise SettingsError(
            f"artifacts_path {str(artifacts)!r} is not a folder; expected the folder with Docling's weights.",
            code="artifacts_unusable",
            hint="Correct the parser's option artifacts_path, or remove it to use the built-in engine.",
        )
    os.environ["HF_HUB_OFFLINE"] = "1"  # a missing weight is an error here, never a download
    try:
        converter = _converter(artifacts, threads, ocr)
        result = converter.convert(path, raises_on_error=True)
    except ImportError as error:
        raise SettingsError(
            f"artifacts_path is set, but Docling's model pipeline cannot be loaded: {error}",
            code="artifacts_unusable",
            hint=f"Install {_PACKAGES}, or remove artifacts_path to use the built-in engine.",
        ) from error
    except Exception as error:  # Docling wraps whatever went wrong inside in its own errors
        raise DocumentError(
            f"Docling could not convert {path.name}: {error}",
            code="document_damaged",
            hint="Check that artifacts_path holds all weights, or remove it to use the built-in engine.",
        ) from error
    return result.document


def _converter(artifacts: Path, threads: int, ocr: bool) -> "DocumentConverter":
    from docling.datamodel.accelerator_options import AcceleratorOptions
    from docling.datamodel.base_models import InputFormat
    from docling.datamodel.pipeline_options import ThreadedPdfPipelineOptions
    from docling.document_converter import DocumentConverter, PdfFormatOption

    options = ThreadedPdfPipelineOptions()
    options.artifacts_path = artifacts
    options.do_ocr = ocr
    options.accelerator_options = AcceleratorOptions(num_threads=threads)
    return DocumentConverter(
        allowed_formats=[InputFormat.PDF],
        format_options={InputFormat.PDF: PdfFormatOption(pipeline_options=options)},
    )
