"""Rewrite zip containers so that the same content gives the same bytes."""

from __future__ import annotations

import io
import re
import zipfile

FIXED = (2025, 11, 14, 9, 0, 0)
MODIFIED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*(<)")


def fixed_zip(data: bytes) -> bytes:
    """Give every member the same date, and the properties a fixed one."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            body = old.read(name)
            if name == "docProps/core.xml":
                body = MODIFIED.sub(rb"\g<1>2025-11-14T09:00:00Z\g<2>", body)
            info = zipfile.ZipInfo(name, FIXED)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o600 << 16
            new.writestr(info, body)
    return out.getvalue()
