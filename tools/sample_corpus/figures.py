"""Vector figures used in the PDF documents."""

from __future__ import annotations

from reportlab.graphics.shapes import Circle, Drawing, Line, Path, Polygon, Rect, String
from reportlab.lib.colors import HexColor, black, white

INK = HexColor("#222222")
GREY = HexColor("#d9dde2")
BLUE = HexColor("#1f4e79")
TEAL = HexColor("#2a7f8a")
SAND = HexColor("#c9a45c")


def label(x, y, text, size=8, anchor="start", color=INK, font="Helvetica"):
    """One line of figure text."""
    return String(x, y, text, fontName=font, fontSize=size, textAnchor=anchor, fillColor=color)


def front_panel() -> Drawing:
    """The front panel of the PC-400 with numbered call-outs."""
    d = Drawing(430, 190)
    d.add(Rect(90, 12, 250, 166, rx=8, ry=8, fillColor=GREY, strokeColor=INK))
    d.add(Rect(110, 92, 150, 66, fillColor=HexColor("#e9f2ea"), strokeColor=INK))
    d.add(label(120, 138, "PRESSURE   4.20 bar", 9, font="Courier"))
    d.add(label(120, 122, "SPEED      2310 rpm", 9, font="Courier"))
    d.add(label(120, 106, "AUTO       READY", 9, font="Courier"))
    for row, (color, text) in enumerate(((TEAL, "RUN"), (SAND, "WARN"), (HexColor("#aa3333"), "FAULT"))):
        y = 148 - row * 24
        d.add(Circle(284, y, 6, fillColor=color, strokeColor=INK))
        d.add(label(296, y - 3, text))
    for column, text in enumerate(("ESC", "DOWN", "UP", "ENTER")):
        x = 110 + column * 54
        d.add(Rect(x, 34, 46, 30, rx=4, ry=4, fillColor=white, strokeColor=INK))
        d.add(label(x + 23, 46, text, 8, "middle", font="Helvetica-Bold"))
    for number, x1, y1, x2, y2, text in (
        (1, 60, 125, 110, 125, "Display"),
        (2, 378, 125, 330, 125, "Status lamps"),
        (3, 60, 49, 110, 49, "Keypad"),
    ):
        d.add(Line(x1, y1, x2, y2, strokeColor=INK))
        d.add(Circle(x1, y1, 9, fillColor=BLUE, strokeColor=BLUE))
        d.add(label(x1, y1 - 3, str(number), 9, "middle", white, "Helvetica-Bold"))
        d.add(label(x1, y1 - 22, text, 8, "middle"))
    return d


def control_loop() -> Drawing:
    """Block diagram of pump, sensor and controller."""
    d = Drawing(430, 150)
    boxes = (
        (10, 85, "Mains supply", "400 V AC, 3 phase"),
        (160, 85, "PC-400", "control and drive"),
        (310, 85, "Pump motor", "max. 11 kW"),
        (310, 12, "Pressure sensor", "4 to 20 mA"),
        (160, 12, "Sluice gateway", "Ethernet, port X7"),
    )
    for x, y, head, detail in boxes:
        d.add(Rect(x, y, 110, 46, rx=4, ry=4, fillColor=HexColor("#eef3f8"), strokeColor=BLUE))
        d.add(label(x + 55, y + 27, head, 9, "middle", font="Helvetica-Bold"))
        d.add(label(x + 55, y + 13, detail, 8, "middle"))
    for x1, y1, x2, y2 in (
        (120, 108, 160, 108),
        (270, 108, 310, 108),
        (365, 85, 365, 58),
        (215, 85, 215, 58),
    ):
        arrow(d, x1, y1, x2, y2)
    d.add(Line(310, 35, 290, 35, strokeColor=INK))
    d.add(Line(290, 35, 290, 96, strokeColor=INK))
    arrow(d, 290, 96, 270, 96)
    return d


def arrow(d: Drawing, x1, y1, x2, y2) -> None:
    """A straight arrow, horizontal or vertical."""
    d.add(Line(x1, y1, x2, y2, strokeColor=INK))
    if y1 == y2:
        back = -6 if x2 > x1 else 6
        points = [x2, y2, x2 + back, y2 + 3, x2 + back, y2 - 3]
    else:
        back = -6 if y2 > y1 else 6
        points = [x2, y2, x2 - 3, y2 + back, x2 + 3, y2 + back]
    d.add(Polygon(points, fillColor=INK, strokeColor=INK))


def revenue_bars() -> Drawing:
    """Revenue by segment, 2023 beside 2024, in EUR million."""
    d = Drawing(225, 150)
    data = (("Pumps", 121.7, 128.4), ("Controllers", 41.2, 47.9), ("Service", 35.4, 38.3))
    d.add(Line(10, 24, 220, 24, strokeColor=INK))
    for index, (name, old, new) in enumerate(data):
        x = 22 + index * 68
        for offset, value, color in ((0, old, GREY), (26, new, BLUE)):
            height = value * 0.75
            d.add(Rect(x + offset, 24, 22, height, fillColor=color, strokeColor=None))
            d.add(label(x + offset + 11, 28 + height, f"{value:.1f}", 7, "middle"))
        d.add(label(x + 24, 12, name, 8, "middle"))
    for x, color, text in ((120, GREY, "2023"), (165, BLUE, "2024")):
        d.add(Rect(x, 132, 9, 9, fillColor=color, strokeColor=None))
        d.add(label(x + 13, 133, text))
    return d


def scrawl(points, width=150) -> Drawing:
    """A handwritten-looking stroke through Bezier control points."""
    d = Drawing(width, 48)
    path = Path(strokeColor=black, strokeWidth=1.3, fillColor=None)
    path.moveTo(*points[0])
    for i in range(1, len(points) - 2, 3):
        path.curveTo(*points[i], *points[i + 1], *points[i + 2])
    d.add(path)
    return d


def signature_a() -> Drawing:
    """Signature of the letter's author."""
    return scrawl(
        [(5, 12), (20, 60), (32, 50), (24, 14), (20, 0), (40, 24), (48, 26), (54, 28), (52, 10), (60, 14)]
        + [(68, 20), (74, 30), (80, 16), (86, 4), (96, 34), (104, 20), (110, 8), (128, 30), (146, 22)]
    )


def signature_b() -> Drawing:
    """Signature of the person who received the goods."""
    return scrawl(
        [(4, 30), (10, 4), (18, 2), (24, 30), (30, 52), (34, 6), (46, 16), (56, 22), (58, 34), (66, 18)]
        + [(72, 6), (84, 40), (92, 18), (100, 4), (116, 20), (138, 34)]
    )


FIGURES = {
    "front_panel": front_panel,
    "control_loop": control_loop,
    "revenue_bars": revenue_bars,
    "signature_a": signature_a,
    "signature_b": signature_b,
}
