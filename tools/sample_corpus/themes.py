"""Fonts, colours and paragraph styles of the PDF documents."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import reportlab
from reportlab.lib.colors import Color, HexColor
from reportlab.lib.enums import TA_JUSTIFY, TA_RIGHT
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

FAMILIES = {
    "helvetica": ("Helvetica", "Helvetica-Bold", "Helvetica-Oblique"),
    "times": ("Times-Roman", "Times-Bold", "Times-Italic"),
    "vera": ("Vera", "Vera-Bold", "Vera-Italic"),
}
VERA_FILES = {"Vera": "Vera", "Vera-Bold": "VeraBd", "Vera-Italic": "VeraIt"}


@dataclass
class Theme:
    """What a document looks like."""

    regular: str
    bold: str
    italic: str
    size: float
    accent: Color
    styles: dict[str, ParagraphStyle]


def register_vera() -> None:
    """Register the Bitstream Vera faces which reportlab ships."""
    if "Vera" in pdfmetrics.getRegisteredFontNames():
        return
    folder = Path(reportlab.__file__).parent / "fonts"
    for name, stem in VERA_FILES.items():
        pdfmetrics.registerFont(TTFont(name, str(folder / f"{stem}.ttf")))
    pdfmetrics.registerFontFamily(
        "Vera", normal="Vera", bold="Vera-Bold", italic="Vera-Italic", boldItalic="Vera-Bold"
    )


def make_theme(meta: dict[str, str]) -> Theme:
    """Build the theme that a content file's front matter asks for."""
    family = meta.get("font", "helvetica")
    if family == "vera":
        register_vera()
    regular, bold, italic = FAMILIES[family]
    size = float(meta.get("size", "10.5"))
    accent = HexColor(meta.get("accent", "#1f4e79"))
    theme = Theme(regular, bold, italic, size, accent, {})
    theme.styles = make_styles(theme, meta.get("justify") == "yes", float(meta.get("heading", "1.65")))
    return theme


def make_styles(theme: Theme, justify: bool, heading: float) -> dict[str, ParagraphStyle]:
    """Build all paragraph styles of a theme."""
    size = theme.size
    body = ParagraphStyle(
        "body",
        fontName=theme.regular,
        fontSize=size,
        leading=size * 1.42,
        spaceAfter=size * 0.65,
        alignment=TA_JUSTIFY if justify else 0,
        allowWidows=0,
        allowOrphans=0,
    )
    styles = {"body": body}
    for level, factor in ((1, heading), (2, 1.2), (3, 1.03)):
        styles[f"h{level}"] = heading_style(theme, level, size * factor)
    small = ParagraphStyle("small", body, fontSize=size * 0.86, leading=size * 1.15, alignment=0)
    cell = ParagraphStyle("cell", small, fontSize=size * 0.88, spaceAfter=0)
    mark = {"bulletFontName": theme.regular, "bulletFontSize": size}
    styles |= {
        "small": small,
        "cell": cell,
        "cell_r": ParagraphStyle("cell_r", cell, alignment=TA_RIGHT),
        "head": ParagraphStyle("head", cell, fontName=theme.bold),
        "head_r": ParagraphStyle("head_r", cell, fontName=theme.bold, alignment=TA_RIGHT),
        "bullet": ParagraphStyle("bullet", body, leftIndent=14, spaceAfter=size * 0.3, alignment=0, **mark),
        "clause": ParagraphStyle("clause", body, leftIndent=22, spaceAfter=size * 0.4, **mark),
        "note": ParagraphStyle("note", body, spaceAfter=0, alignment=0),
        "caption": ParagraphStyle("caption", small, fontName=theme.italic, spaceAfter=size),
        "title": ParagraphStyle(
            "title", body, fontName=theme.bold, fontSize=22, leading=27, textColor=theme.accent, alignment=0
        ),
        "subtitle": ParagraphStyle(
            "subtitle", body, fontSize=12, leading=16, textColor=HexColor("#444444"), alignment=0
        ),
    }
    return styles


def heading_style(theme: Theme, level: int, size: float) -> ParagraphStyle:
    """Style of a heading; level 3 stays in the text colour."""
    return ParagraphStyle(
        f"h{level}",
        fontName=theme.bold,
        fontSize=size,
        leading=size * 1.25,
        spaceBefore=size * (0.9 if level < 3 else 0.6),
        spaceAfter=size * 0.45,
        textColor=theme.accent if level < 3 else HexColor("#222222"),
        keepWithNext=1,
    )
