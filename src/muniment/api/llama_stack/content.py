"""Interleaved content: plain text, or items of text and images. Only text can be worked with here."""

from typing import Annotated, Literal

from pydantic import Discriminator, Tag

from muniment.api.llama_stack.wire import Asked, Prose
from muniment.errors import InputError


class TextItem(Asked):
    """A piece of text."""

    type: Literal["text"]
    text: Prose


class ImageItem(Asked):
    """An image; always refused."""

    type: Literal["image"]


Item = Annotated[TextItem | ImageItem, Discriminator("type")]


def _kind(value: object) -> str:
    if isinstance(value, str):
        return "plain"
    return "items" if isinstance(value, list | tuple) else "item"


Interleaved = Annotated[
    Annotated[Prose, Tag("plain")] | Annotated[Item, Tag("item")] | Annotated[tuple[Item, ...], Tag("items")],
    Discriminator(_kind),
]


def text_of(content: Prose | Item | tuple[Item, ...], where: str) -> str:
    """The text of interleaved content, its items joined by spaces.

    Args:
        where: what it is the content of, for the error.

    Raises:
        InputError: code ``unsupported_content``: there is an image in it.
    """
    if isinstance(content, str):
        return content
    items = content if isinstance(content, tuple) else (content,)
    if any(isinstance(item, ImageItem) for item in items):
        raise InputError(
            f"{where} holds an image, and only text can be embedded and searched.",
            code="unsupported_content",
            hint="Send its text; images and scans can be uploaded as files, which are read by OCR.",
        )
    return " ".join(item.text for item in items if isinstance(item, TextItem))
