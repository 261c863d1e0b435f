"""Reads what a server answers in XML: listings and errors."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote_plus
from xml.etree.ElementTree import Element, ParseError, fromstring


@dataclass(frozen=True, slots=True)
class S3Object:
    """One object of a listing; ``etag`` without quotes, ``size`` in bytes."""

    key: str
    etag: str
    size: int
    modified_at: float
    """Seconds since 1970."""


@dataclass(frozen=True, slots=True)
class ListPage:
    """One page of a listing; ``next_token`` is empty on the last."""

    objects: tuple[S3Object, ...]
    next_token: str


def read_list(body: bytes) -> ListPage | None:
    """A page of ``ListObjectsV2``, or None when the body is something else."""
    root = _root(body)
    if root is None or _name(root) != "ListBucketResult":
        return None
    encoded = _text(root, "EncodingType") == "url"
    try:
        found = [_object(child, encoded) for child in root if _name(child) == "Contents"]
    except ValueError:
        return None
    is_more = _text(root, "IsTruncated") == "true"
    return ListPage(tuple(found), _text(root, "NextContinuationToken") if is_more else "")


def read_error(body: bytes) -> tuple[str, str]:
    """Code and message of an error; both empty when the body is no S3 error."""
    root = _root(body)
    if root is None or _name(root) != "Error":
        return "", ""
    return _text(root, "Code"), _text(root, "Message")


def _object(element: Element, encoded: bool) -> S3Object:
    key = _text(element, "Key")
    return S3Object(
        key=unquote_plus(key) if encoded else key,
        etag=_text(element, "ETag").strip('"'),
        size=int(_text(element, "Size")),
        modified_at=datetime.fromisoformat(_text(element, "LastModified")).timestamp(),
    )


def _root(body: bytes) -> Element | None:
    try:
        return fromstring(body)
    except (ParseError, ValueError, LookupError):
        return None


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _text(element: Element, name: str) -> str:
    """Text of the child; servers differ in whether they name a namespace."""
    return next((child.text or "" for child in element if _name(child) == name), "")
