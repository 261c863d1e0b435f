"""Page templates and the document class of the PDF documents."""

from __future__ import annotations

import io

from reportlab import rl_config
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import (
    BaseDocTemplate,
    Frame,
    FrameBreak,
    NextPageTemplate,
    PageBreak,
    PageTemplate,
    Paragraph,
    Spacer,
)
from reportlab.platypus.tableofcontents import TableOfContents

from markup import Document
from pdf_story import Story
from themes import Theme, make_theme

rl_config.useA85 = 0
WIDTH, HEIGHT = A4
MARGIN = 25 * mm
GREY = HexColor("#5b6670")


class CorpusPdf(BaseDocTemplate):
    """A paged document with header, footer, bookmarks and contents."""

    def __init__(self, stream, document: Document, theme: Theme, total: int):
        meta = document.meta
        super().__init__(
            stream,
            pagesize=A4,
            invariant=1,
            title=meta["title"],
            author=meta.get("author", "Acme Corporate SE"),
            subject=meta.get("subject", ""),
            creator="Acme Corporate Document Office",
        )
        self.meta, self.theme, self.total = meta, theme, total
        self.addPageTemplates(page_templates(self))

    def afterFlowable(self, flowable):  # noqa: N802 - reportlab's name
        """Register headings as bookmarks and contents entries."""
        if not hasattr(flowable, "outline"):
            return
        level, text, key = flowable.outline
        self.canv.bookmarkPage(key)
        self.canv.addOutlineEntry(text, key, level=level, closed=level > 0)
        if level < 2:
            self.notify("TOCEntry", (level, text, self.page, key))


def page_templates(doc: CorpusPdf) -> list[PageTemplate]:
    """Page templates of the layout which the front matter names."""
    layout = doc.meta.get("layout", "single")
    if layout == "letter":
        frame = Frame(MARGIN, 22 * mm, WIDTH - 2 * MARGIN, HEIGHT - 62 * mm, 0, 0, 0, 0, id="body")
        return [PageTemplate("first", [frame], onPage=letterhead)]
    if layout == "two-column":
        title = Frame(20 * mm, HEIGHT - 72 * mm, WIDTH - 40 * mm, 46 * mm, 0, 0, 0, 0, id="title")
        first = [title, *columns(HEIGHT - 74 * mm)]
        return [
            PageTemplate("first", first, onPage=furniture),
            PageTemplate("later", columns(HEIGHT - 26 * mm), onPage=furniture),
        ]
    frame = Frame(MARGIN, 24 * mm, WIDTH - 2 * MARGIN, HEIGHT - 52 * mm, 0, 0, 0, 0, id="body")
    first = cover if doc.meta.get("cover") == "yes" else furniture
    return [PageTemplate("first", [frame], onPage=first), PageTemplate("later", [frame], onPage=furniture)]


def columns(top: float) -> list[Frame]:
    """Two text columns below ``top``."""
    gap, left, bottom = 8 * mm, 20 * mm, 22 * mm
    width = (WIDTH - 2 * left - gap) / 2
    return [
        Frame(x, bottom, width, top - bottom, 0, 0, 0, 0, id=name)
        for name, x in (("left", left), ("right", left + width + gap))
    ]


def furniture(canvas, doc: CorpusPdf) -> None:
    """Running header and footer."""
    left = 20 * mm if doc.meta.get("layout") == "two-column" else MARGIN
    right = WIDTH - left
    canvas.saveState()
    canvas.setFillColor(GREY)
    canvas.setStrokeColor(GREY)
    canvas.setLineWidth(0.5)
    canvas.setFont(doc.theme.regular, 8)
    canvas.drawString(left, HEIGHT - 16 * mm, "Acme Corporate")
    canvas.drawRightString(right, HEIGHT - 16 * mm, doc.meta.get("header", doc.meta["title"]))
    canvas.line(left, HEIGHT - 18 * mm, right, HEIGHT - 18 * mm)
    canvas.line(left, 16 * mm, right, 16 * mm)
    canvas.drawString(left, 11.5 * mm, doc.meta.get("footer", ""))
    canvas.drawRightString(right, 11.5 * mm, f"Page {doc.page} of {doc.total}")
    canvas.restoreState()


def cover(canvas, doc: CorpusPdf) -> None:
    """The coloured band of a cover page."""
    canvas.saveState()
    canvas.setFillColor(doc.theme.accent)
    canvas.rect(0, HEIGHT - 62 * mm, WIDTH, 62 * mm, stroke=0, fill=1)
    canvas.setFillColor(HexColor("#ffffff"))
    canvas.setFont(doc.theme.bold, 26)
    canvas.drawString(MARGIN, HEIGHT - 36 * mm, "ACME CORPORATE")
    canvas.setFont(doc.theme.regular, 11)
    canvas.drawString(MARGIN, HEIGHT - 45 * mm, "Pumps and controllers for water that has to keep moving")
    canvas.restoreState()


def letterhead(canvas, doc: CorpusPdf) -> None:
    """Sender line at the top of a letter and page number at its foot."""
    lines = doc.meta["letterhead"].split("|")
    canvas.saveState()
    canvas.setFont(doc.theme.bold, 15)
    canvas.drawString(MARGIN, HEIGHT - 22 * mm, lines[0].strip())
    canvas.setFont(doc.theme.regular, 9)
    for number, line in enumerate(lines[1:]):
        canvas.drawString(MARGIN, HEIGHT - (27 + 4 * number) * mm, line.strip())
    canvas.setLineWidth(0.8)
    canvas.line(MARGIN, HEIGHT - 34 * mm, WIDTH - MARGIN, HEIGHT - 34 * mm)
    canvas.drawRightString(WIDTH - MARGIN, 14 * mm, f"Page {doc.page} of {doc.total}")
    canvas.restoreState()


def opening(document: Document, theme: Theme) -> list:
    """Title block, cover page and contents in front of the text."""
    meta, styles = document.meta, theme.styles
    layout = meta.get("layout", "single")
    if layout == "letter":
        return []
    title = [Paragraph(meta["title"], styles["title"]), Paragraph(meta["subtitle"], styles["subtitle"])]
    if layout == "two-column":
        note = [Paragraph(meta["notice"], styles["small"])] if "notice" in meta else []
        return [*title, *note, NextPageTemplate("later"), FrameBreak()]
    if meta.get("cover") != "yes":
        return [NextPageTemplate("later"), *title, Spacer(1, 8)]
    story = [Spacer(1, 70 * mm), *title, Spacer(1, 12)]
    story += [Paragraph(line.strip(), styles["body"]) for line in meta["notice"].split("|")]
    story += [NextPageTemplate("later"), PageBreak()]
    if meta.get("toc") == "yes":
        story += [Paragraph("Contents", styles["h1"]), contents(theme), PageBreak()]
    return story


def contents(theme: Theme) -> TableOfContents:
    """A dotted table of contents with two levels."""
    toc = TableOfContents()
    base = theme.styles["body"]
    toc.levelStyles = [
        ParagraphStyle("toc0", base, fontName=theme.bold, spaceBefore=2, spaceAfter=0, leading=13.5),
        ParagraphStyle("toc1", base, leftIndent=16, spaceAfter=0, fontSize=9.5, leading=11.5),
    ]
    toc.dotsMinLevel = 0
    toc.tableStyle = [(f"{side}PADDING", (0, 0), (-1, -1), 0) for side in ("LEFT", "RIGHT", "TOP", "BOTTOM")]
    return toc


def build_once(document: Document, total: int) -> tuple[bytes, int]:
    """Lay the document out once; give the bytes and the page count."""
    theme = make_theme(document.meta)
    stream = io.BytesIO()
    pdf = CorpusPdf(stream, document, theme, total)
    frame = pdf.pageTemplates[-1].frames[0]
    story = Story(theme, frame._width, document.meta.get("chapter_breaks") == "yes")
    for block in document.blocks:
        story.add(block)
    pdf.multiBuild([*opening(document, theme), *story.flowables])
    return stream.getvalue(), pdf.page


def pdf_bytes(document: Document) -> bytes:
    """Lay out twice so that the footer knows the number of pages."""
    _, total = build_once(document, 0)
    data, _ = build_once(document, total)
    return data
