"""Reading order of the boxes on a page: recursive XY-cut that prefers columns.

Nagy and Seth's XY-cut (1984), with one change: a full-width box (title, figure, table) closes the columns
above it and opens new ones below, so horizontal cuts are made only where the columns end, not at
every gap that two columns happen to share.
"""

from collections.abc import Sequence
from itertools import pairwise

from muniment.providers.docling.pdf_page import Box

_SHORTEST_COLUMN = 4.0  # gutters: about three lines of text


def reading_order(boxes: Sequence[Box], gutter: float) -> list[int]:
    """Indexes of the boxes in the order in which they are read.

    Args:
        boxes: boxes of text blocks and tables on one page.
        gutter: narrowest empty strip, in points, that separates two columns.
    """
    return _order(boxes, list(range(len(boxes))), gutter)


def _order(boxes: Sequence[Box], members: list[int], gutter: float) -> list[int]:
    if len(members) < 2:
        return members
    columns = _columns(boxes, members, gutter)
    if len(columns) > 1:
        return [index for column in columns for index in _order(boxes, column, gutter)]
    bands = _bands(boxes, members)
    if len(bands) == 1:
        return sorted(members, key=lambda index: (round(boxes[index].t / 4), boxes[index].l))
    out: list[int] = []
    for group in _joined_while_columnar(boxes, bands, gutter):
        out += _order(boxes, group, gutter) if len(group) < len(members) else _by_band(boxes, bands, gutter)
    return out


def _by_band(boxes: Sequence[Box], bands: list[list[int]], gutter: float) -> list[int]:
    return [index for band in bands for index in _order(boxes, band, gutter)]


def _columns(boxes: Sequence[Box], members: list[int], gutter: float) -> list[list[int]]:
    """Split where an empty vertical strip runs through; rows of a form stay together.

    Each side must be a column: some lines tall, and beside its neighbour for a good part of its height. A
    date to the right of an address is none.
    """
    columns: list[list[int]] = []
    right = float("-inf")
    for index in sorted(members, key=lambda item: boxes[item].l):
        if columns and boxes[index].l < right + gutter:
            columns[-1].append(index)
        else:
            columns.append([index])
        right = max(right, boxes[index].r)
    if len(columns) > 1 and not _side_by_side(boxes, columns, gutter):
        return [members]
    return columns


def _side_by_side(boxes: Sequence[Box], columns: list[list[int]], gutter: float) -> bool:
    heights = []
    for column in columns:
        top = min(boxes[index].t for index in column)
        bottom = max(boxes[index].b for index in column)
        heights.append((top, bottom))
    return all(bottom - top > _SHORTEST_COLUMN * gutter for top, bottom in heights) and all(
        min(first[1], second[1]) - max(first[0], second[0])
        > 0.3 * min(first[1] - first[0], second[1] - second[0])
        for first, second in pairwise(heights)
    )


def _bands(boxes: Sequence[Box], members: list[int]) -> list[list[int]]:
    """Split at every empty horizontal strip."""
    bands: list[list[int]] = []
    bottom = float("-inf")
    for index in sorted(members, key=lambda item: boxes[item].t):
        if bands and boxes[index].t < bottom - 1:
            bands[-1].append(index)
        else:
            bands.append([index])
        bottom = max(bottom, boxes[index].b)
    return bands


def _joined_while_columnar(boxes: Sequence[Box], bands: list[list[int]], gutter: float) -> list[list[int]]:
    """Join neighbouring bands as long as an empty strip still runs down through all of them."""
    groups: list[list[int]] = [list(bands[0])]
    for band in bands[1:]:
        joined = groups[-1] + band
        columnar = len(_columns(boxes, groups[-1], gutter)) > 1 or len(_columns(boxes, band, gutter)) > 1
        if columnar and len(_columns(boxes, joined, gutter)) > 1:
            groups[-1] = joined
        else:
            groups.append(list(band))
    return groups
