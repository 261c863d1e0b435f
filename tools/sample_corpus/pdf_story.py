"""Turn parsed blocks into reportlab flowables."""

from __future__ import annotations

from reportlab.lib.colors import HexColor, white
from reportlab.platypus import CondPageBreak, KeepTogether, PageBreak, Paragraph, Spacer, Table

from figures import FIGURES
from markup import CLAUSE, Block, inline
from themes import Theme

RULE = HexColor("#9aa5b1")
BAND = HexColor("#f1f4f7")
NOTE_COLORS = {"WARNING": "#b3261e", "CAUTION": "#b36b00", "NOTE": "#1f4e79", "IMPORTANT": "#1f4e79"}


class Story:
    """Builds the flowables of one document, ``width`` points wide."""

    def __init__(self, theme: Theme, width: float, chapter_breaks: bool = False):
        self.theme = theme
        self.styles = theme.styles
        self.width = width
        self.chapter_breaks = chapter_breaks
        self.flowables: list = []
        self.headings = 0

    def add(self, block: Block) -> None:
        """Append one block."""
        getattr(self, f"add_{block.kind}")(block)

    def para(self, text: str, style: str, **options) -> Paragraph:
        """One paragraph in a named style."""
        return Paragraph(inline(text), self.styles[style], **options)

    def add_heading(self, block: Block) -> None:
        """A heading that also becomes a bookmark and a contents entry."""
        if block.level == 1 and self.chapter_breaks and self.headings:
            self.flowables.append(PageBreak())
        heading = self.para(block.text, f"h{block.level}")
        self.headings += 1
        heading.outline = (block.level - 1, block.text, f"section-{self.headings}")
        self.flowables.append(heading)

    def add_para(self, block: Block) -> None:
        """A paragraph of body text."""
        self.flowables.append(self.para(block.text, "body"))

    def add_bullets(self, block: Block) -> None:
        """A bullet list."""
        for item in block.items:
            self.flowables.append(self.para(item, "bullet", bulletText="\u2022"))
        self.flowables.append(Spacer(1, self.theme.size * 0.35))

    def add_steps(self, block: Block) -> None:
        """A numbered procedure."""
        for number, item in enumerate(block.items, 1):
            self.flowables.append(self.para(item, "clause", bulletText=f"{number}."))
        self.flowables.append(Spacer(1, self.theme.size * 0.35))

    def add_clauses(self, block: Block) -> None:
        """Lettered clauses (a), (b), (c)."""
        for item in block.items:
            mark = CLAUSE.match(item).group(0).strip()
            text = CLAUSE.sub("", item)
            self.flowables.append(self.para(text, "clause", bulletText=mark))
        self.flowables.append(Spacer(1, self.theme.size * 0.35))

    def add_note(self, block: Block) -> None:
        """A boxed warning or note."""
        name = block.options["label"]
        color = HexColor(NOTE_COLORS.get(name, "#1f4e79"))
        text = self.para(f"**{name}** {block.text}", "note")
        box = Table([[text]], colWidths=[self.width])
        box.setStyle(
            [
                ("LINEBEFORE", (0, 0), (0, -1), 3, color),
                ("BACKGROUND", (0, 0), (-1, -1), BAND),
                ("LEFTPADDING", (0, 0), (-1, -1), 10),
                ("TOPPADDING", (0, 0), (-1, -1), 6),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 8),
            ]
        )
        self.flowables += [Spacer(1, 3), box, Spacer(1, self.theme.size)]

    def add_table(self, block: Block) -> None:
        """A ruled, plain or borderless table with an optional caption."""
        options = block.options
        table = self.make_table(block)
        parts = [table, Spacer(1, self.theme.size * 0.9)]
        if "caption" in options:
            parts.insert(0, self.para(f"**{options['caption']}**", "small"))
        if len(block.rows) <= 14 and options.get("keep") != "no":
            parts = [KeepTogether([*self.pop_headings(), *parts])]
        else:
            parts = [CondPageBreak(160), *self.pop_headings(), *parts]
        self.flowables += parts

    def pop_headings(self) -> list:
        """Take back trailing headings, to keep them with what follows."""
        tail: list = []
        while self.flowables and hasattr(self.flowables[-1], "outline"):
            tail.insert(0, self.flowables.pop())
        return tail

    def make_table(self, block: Block) -> Table:
        """The table itself, cells wrapped in paragraphs."""
        columns = len(block.rows[0])
        align = block.options.get("align", "l" * columns)
        shares = [float(w) for w in block.options.get("widths", ",".join("1" * columns)).split(",")]
        widths = [self.width * share / sum(shares) for share in shares]
        headed = block.options.get("head", "yes") == "yes"
        cells = []
        for number, row in enumerate(block.rows):
            base = "head" if headed and number == 0 else "cell"
            cells.append(
                [self.para(c, base + ("_r" if a == "r" else "")) for c, a in zip(row, align, strict=True)]
            )
        table = Table(cells, colWidths=widths, repeatRows=1 if headed else 0)
        table.setStyle(table_style(block.options.get("style", "ruled"), headed, self.theme))
        return table

    def add_figure(self, block: Block) -> None:
        """A vector figure and its caption."""
        drawing = FIGURES[block.options["name"]]()
        drawing.hAlign = "LEFT"
        parts = [drawing]
        if "caption" in block.options:
            parts.append(self.para(block.options["caption"], "caption"))
        self.flowables.append(KeepTogether([*self.pop_headings(), *parts]))

    def add_pagebreak(self, _block: Block) -> None:
        """A forced page break."""
        self.flowables.append(PageBreak())

    def add_space(self, block: Block) -> None:
        """Vertical space in points."""
        self.flowables.append(Spacer(1, float(block.options["pt"])))


def table_style(style: str, headed: bool, theme: Theme) -> list[tuple]:
    """Table commands of the three table looks."""
    commands: list[tuple] = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("TOPPADDING", (0, 0), (-1, -1), 3),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
    ]
    if style == "borderless":
        return commands + [("LEFTPADDING", (0, 0), (-1, -1), 0), ("RIGHTPADDING", (0, 0), (-1, -1), 3)]
    if style == "plain":
        return commands + [
            ("LINEBELOW", (0, 0), (-1, -1), 0.4, RULE),
            ("BACKGROUND", (0, 0), (-1, -1), white),
        ]
    commands.append(("GRID", (0, 0), (-1, -1), 0.5, RULE))
    if headed:
        commands += [("BACKGROUND", (0, 0), (-1, 0), BAND), ("LINEBELOW", (0, 0), (-1, 0), 1.2, theme.accent)]
    return commands
