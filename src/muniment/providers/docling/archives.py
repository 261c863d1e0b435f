"""Looks at a zip file's directory before anything is unpacked."""

import re
import zipfile
from io import BytesIO
from pathlib import Path

from muniment.errors import DocumentError

_MAX_MEMBERS = 20_000
_MAX_RATIO = 100
"""Office XML shrinks 5 to 30 times; sheets of one repeated value a little more."""
_RATIO_FREE_BYTES = 16 * 1024 * 1024
"""Members smaller than this may have any ratio: they do no harm."""
_MARKERS = {"word/document.xml": "DOCX", "ppt/presentation.xml": "PPTX", "xl/workbook.xml": "XLSX"}
_DOCTYPE_WINDOW = 4096
_CONTENT_TYPES = "[Content_Types].xml"
_ORDINARY = (
    (
        re.compile(
            rb"application/vnd\.(ms-word|openxmlformats-officedocument\.wordprocessingml)"
            rb"\.(document|template)\.(macroEnabled(Template)?\.)?main\+xml"
        ),
        b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
    ),
    (
        re.compile(
            rb"application/vnd\.(ms-powerpoint|openxmlformats-officedocument\.presentationml)"
            rb"\.(presentation|slideshow|template)\.(macroEnabled\.)?main\+xml"
        ),
        b"application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml",
    ),
)
"""Macros, templates and shows are declared by types of their own, which readers refuse; the text is alike."""


def check_archive(path: Path, name: str, *, max_unpacked_bytes: int) -> str:
    """What the zip at ``path`` is: ``DOCX``, ``PPTX``, ``XLSX``, or words for a message.

    Raises:
        DocumentError: ``document_damaged`` when it is not a whole zip, ``archive_unsafe`` for member
            names that lead outside and for XML with a document type (entities), ``archive_bomb`` for
            sizes or ratios no document has, ``document_encrypted``.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            kind = _kind({member.filename.lower() for member in members})
            if kind is None:
                return "a zip archive that is not an Office document"
            _check_names(members, name)
            _check_sizes(members, name, max_unpacked_bytes)
            _check_document_types(archive, members, name)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError, ValueError) as error:
        raise DocumentError(
            f"{name} is a damaged zip archive: {error}.",
            code="document_damaged",
            hint="Copy or export the file again; Office can often repair it on opening.",
        ) from error
    return kind


def as_document(path: Path) -> bytes:
    """The Office file's bytes, declared as an ordinary document or presentation if it is a variant of one."""
    data = path.read_bytes()
    with zipfile.ZipFile(BytesIO(data)) as archive:
        if _CONTENT_TYPES not in archive.namelist():
            return data
        declared = archive.read(_CONTENT_TYPES)
        plain = declared
        for variant, ordinary in _ORDINARY:
            plain = variant.sub(ordinary, plain)
        if plain == declared:
            return data
        out = BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as copy:
            for member in archive.infolist():
                is_declaration = member.filename == _CONTENT_TYPES
                copy.writestr(member.filename, plain if is_declaration else archive.read(member))
    return out.getvalue()


def _kind(names: set[str]) -> str | None:
    for marker, kind in _MARKERS.items():
        if marker in names:
            return kind
    # Other producers name the main part differently; the folder still tells.
    if "[content_types].xml" in names:
        for folder, kind in (("word/", "DOCX"), ("ppt/", "PPTX"), ("xl/", "XLSX")):
            if any(name.startswith(folder) for name in names):
                return kind
    return None


def _check_names(members: list[zipfile.ZipInfo], name: str) -> None:
    for member in members:
        parts = member.filename.replace("\\", "/").split("/")
        if ".." in parts or parts[0] == "" or ":" in parts[0]:
            raise DocumentError(
                f"{name} has a member called {member.filename!r}, which leads outside the archive.",
                code="archive_unsafe",
                hint="No Office program writes such names. If you trust the file, open it and save it anew.",
            )
        if member.flag_bits & 1:
            raise DocumentError(
                f"{name} is protected by a password.",
                code="document_encrypted",
                hint="Save a copy without the password and ingest that.",
            )


def _check_sizes(members: list[zipfile.ZipInfo], name: str, max_unpacked_bytes: int) -> None:
    total = sum(member.file_size for member in members)
    dense = [
        member.file_size // max(member.compress_size, 1)
        for member in members
        if member.file_size > _RATIO_FREE_BYTES
        and member.file_size > _MAX_RATIO * max(member.compress_size, 1)
    ]
    reason, hint = "", "If the file is genuine, save it anew in smaller parts; no setting raises this limit."
    if len(members) > _MAX_MEMBERS:
        reason = f"has {len(members)} members; at most {_MAX_MEMBERS} are expected"
    elif total > max_unpacked_bytes:
        reason = f"unpacks to {total // 2**20} MB; the limit is {max_unpacked_bytes // 2**20} MB"
        hint = "If the file is genuine, raise parser.max_unpacked_mb, or save it anew in smaller parts."
    elif dense:
        reason = f"has a member that grows {max(dense)} times when unpacked; at most {_MAX_RATIO} is expected"
        hint = "If the file is genuine, save it as PDF or in smaller parts; no setting raises this limit."
    if reason:
        raise DocumentError(f"{name} {reason}.", code="archive_bomb", hint=hint)


def _check_document_types(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], name: str) -> None:
    """Refuse document type declarations: Office XML never has any, entity attacks need them."""
    for member in members:
        if not member.filename.lower().endswith((".xml", ".rels", ".vml")):
            continue
        with archive.open(member) as part:
            if b"<!doctype" in part.read(_DOCTYPE_WINDOW).replace(b"\x00", b"").lower():
                raise DocumentError(
                    f"{name}: {member.filename} declares a document type, which Office files never do.",
                    code="archive_unsafe",
                    hint="It may carry an entity attack. If you trust the file, open it and save it anew.",
                )
