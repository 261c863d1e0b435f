"""DOCX, PPTX and XLSX writers."""

from __future__ import annotations

import io
import re
from datetime import datetime
from pathlib import Path

import docx
import yaml
from docx.enum.text import WD_BREAK
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor
from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from pptx import Presentation
from pptx.dml.color import RGBColor as SlideColor
from pptx.util import Inches
from pptx.util import Pt as SlidePt

from markup import Block, Document, plain
from ziptools import fixed_zip

STAMP = datetime(2025, 11, 14, 9, 0, 0)
INLINE = re.compile(r"(\*\*.+?\*\*|(?<!\w)\*.+?\*(?!\w)|`.+?`)")
NAVY = "1F4E79"


def set_properties(properties, title: str, subject: str = "") -> None:
    """Fix author and dates of a DOCX or PPTX file."""
    properties.title = title
    properties.subject = subject
    properties.author = properties.last_modified_by = "Acme Corporate SE"
    properties.created = properties.modified = STAMP
    properties.revision = 1


# ---------------------------------------------------------------- documents


def docx_bytes(document: Document) -> bytes:
    """Write a parsed content file as DOCX."""
    word = docx.Document()
    meta = document.meta
    set_properties(word.core_properties, meta["title"], meta.get("subject", ""))
    prepare_styles(word)
    add_furniture(word, meta["header"])
    word.add_paragraph(meta["title"], style="Title")
    word.add_paragraph(meta["subtitle"], style="Subtitle")
    for block in document.blocks:
        add_block(word, block)
    stream = io.BytesIO()
    word.save(stream)
    return fixed_zip(stream.getvalue())


def prepare_styles(word) -> None:
    """Page size and fonts."""
    section = word.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.5)
    section.top_margin = section.bottom_margin = Cm(2.4)
    for name, size in (("Normal", 11), ("Title", 24), ("Heading 1", 16), ("Heading 2", 13)):
        style = word.styles[name]
        style.font.name = "Calibri"
        style.font.size = Pt(size)
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for attribute in ("w:asciiTheme", "w:hAnsiTheme", "w:eastAsiaTheme", "w:cstheme"):
            fonts.attrib.pop(qn(attribute), None)
        if name != "Normal":
            style.font.color.rgb = RGBColor.from_string(NAVY)
    word.styles["Normal"].paragraph_format.space_after = Pt(8)


def add_furniture(word, text: str) -> None:
    """Running header, and footer with a page number field."""
    section = word.sections[0]
    section.header.paragraphs[0].text = f"Acme Corporate\t\t{text}"
    run = section.footer.paragraphs[0].add_run("Page ")
    for kind, content in (("begin", None), (None, "PAGE"), ("end", None)):
        if kind:
            element = OxmlElement("w:fldChar")
            element.set(qn("w:fldCharType"), kind)
        else:
            element = OxmlElement("w:instrText")
            element.text = content
        run._r.append(element)


def add_block(word, block: Block) -> None:
    """Write one block."""
    if block.kind == "heading":
        word.add_heading(plain(block.text), level=block.level)
    elif block.kind == "para":
        add_runs(word.add_paragraph(), block.text)
    elif block.kind in ("bullets", "steps"):
        style = "List Bullet" if block.kind == "bullets" else "List Number"
        for item in block.items:
            paragraph = word.add_paragraph(style=style)
            paragraph.paragraph_format.space_after = Pt(3)
            add_runs(paragraph, item)
    elif block.kind == "table":
        add_word_table(word, block)
    elif block.kind == "pagebreak":
        word.add_paragraph().add_run().add_break(WD_BREAK.PAGE)


def add_runs(paragraph, text: str) -> None:
    """Write text with bold and italic marks."""
    for part in INLINE.split(text):
        if not part:
            continue
        run = paragraph.add_run(plain(part))
        run.bold = part.startswith("**") or None
        run.italic = (part.startswith("*") and not part.startswith("**")) or None


def add_word_table(word, block: Block) -> None:
    """A grid table with a bold first row."""
    table = word.add_table(rows=0, cols=len(block.rows[0]), style="Light Grid Accent 1")
    for row in block.rows:
        cells = table.add_row().cells
        for cell, text in zip(cells, row, strict=True):
            paragraph = cell.paragraphs[0]
            paragraph.paragraph_format.space_after = Pt(2)
            add_runs(paragraph, text)
    word.add_paragraph()


# ------------------------------------------------------------------- slides


def pptx_bytes(path: Path) -> bytes:
    """Write the slide deck described in a YAML file."""
    deck = yaml.safe_load(path.read_text(encoding="utf-8"))
    show = Presentation()
    show.slide_width, show.slide_height = Inches(13.333), Inches(7.5)
    set_properties(show.core_properties, deck["title"])
    first = show.slides.add_slide(show.slide_layouts[0])
    place(first.shapes.title, 1.0, 2.2, 11.3, 1.4, deck["title"], 40)
    place(first.placeholders[1], 1.0, 3.8, 11.3, 1.2, deck["subtitle"], 20)
    first.notes_slide.notes_text_frame.text = "Welcome. Paper copies are on the table by the window."
    for number, content in enumerate(deck["slides"], 2):
        add_slide(show, content, number)
    stream = io.BytesIO()
    show.save(stream)
    return fixed_zip(stream.getvalue())


def place(shape, x, y, w, h, text: str, size: int) -> None:
    """Move a placeholder and fill it."""
    shape.left, shape.top, shape.width, shape.height = (Inches(v) for v in (x, y, w, h))
    shape.text_frame.text = text
    for run in shape.text_frame.paragraphs[0].runs:
        run.font.size = SlidePt(size)


def add_slide(show, content: dict, number: int) -> None:
    """One slide: a title with bullets or a table, notes and a footer."""
    slide = show.slides.add_slide(show.slide_layouts[1 if "bullets" in content else 5])
    place(slide.shapes.title, 0.7, 0.4, 11.9, 1.1, content["title"], 32)
    slide.shapes.title.text_frame.paragraphs[0].runs[0].font.color.rgb = SlideColor.from_string(NAVY)
    if "bullets" in content:
        body = slide.placeholders[1]
        place(body, 0.7, 1.7, 11.9, 4.9, content["bullets"][0], 24)
        for text in content["bullets"][1:]:
            paragraph = body.text_frame.add_paragraph()
            paragraph.text = text
            paragraph.runs[0].font.size = SlidePt(24)
    else:
        add_slide_table(slide, content["table"])
    slide.notes_slide.notes_text_frame.text = content["notes"]
    box = slide.shapes.add_textbox(Inches(0.7), Inches(6.9), Inches(11.9), Inches(0.4))
    box.text_frame.text = f"Acme Corporate, operations review Q3 2025, confidential    {number}"
    box.text_frame.paragraphs[0].runs[0].font.size = SlidePt(11)


def add_slide_table(slide, rows: list[list[str]]) -> None:
    """A native table."""
    shape = slide.shapes.add_table(
        len(rows), len(rows[0]), Inches(0.7), Inches(1.9), Inches(11.9), Inches(0.6 * len(rows))
    )
    for r, row in enumerate(rows):
        for c, text in enumerate(row):
            shape.table.cell(r, c).text = str(text)


# ----------------------------------------------------------------- workbook


def xlsx_bytes(path: Path) -> bytes:
    """Write the workbook described in a YAML file."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    book = Workbook()
    book.remove(book.active)
    book.properties.title = content["title"]
    book.properties.creator = "Acme Corporate SE"
    book.properties.created = STAMP
    for sheet in content["sheets"]:
        add_sheet(book.create_sheet(sheet["name"]), content["title"], sheet)
    stream = io.BytesIO()
    book.save(stream)
    return fixed_zip(stream.getvalue())


def add_sheet(sheet, title: str, content: dict) -> None:
    """Title, note, header row and data rows of one sheet."""
    thin = Side(style="thin", color="9AA5B1")
    sheet["A1"], sheet["A2"] = title, content["note"]
    sheet["A1"].font = Font(bold=True, size=14, color=NAVY)
    sheet["A2"].font = Font(italic=True)
    sheet.append([])
    sheet.append(content["columns"])
    for row in content["rows"]:
        sheet.append([value if value != "" else None for value in row])
    for cell in sheet[4]:
        cell.font = Font(bold=True, color="FFFFFF")
        cell.fill = PatternFill("solid", fgColor=NAVY)
        cell.alignment = Alignment(wrap_text=True, vertical="center")
    for column, name in enumerate(content["columns"], 1):
        sheet.column_dimensions[get_column_letter(column)].width = content["widths"][column - 1]
        for row in range(4, sheet.max_row + 1):
            cell = sheet.cell(row, column)
            cell.border = Border(top=thin, bottom=thin, left=thin, right=thin)
            if "EUR" in name and row > 4:
                cell.number_format = "#,##0.00"
    sheet.freeze_panes = "B5"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToWidth = 1
