"""Scanned pages and images: rapidocr on OpenVINO, with the weights that its wheel carries.

Nothing is fetched: the three model files are named by their paths. A page may lie on its side or upside
down; its orientation is found first, because the recogniser reads upright text only.
"""

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from muniment.errors import DocumentError
from muniment.providers.docling.pdf_page import Box, RawPage, Word

Pixels = NDArray[np.uint8]  # height x width x 3, blue-green-red as OpenCV has them

_LONGEST_SIDE = 1600  # pixels, 137 dpi for A4: enough for 8-point text, and memory stays below 1 GB
_BATCH = 2  # lines recognised at once; more cost memory and save no time on two cores
_TRIED = 12  # lines that vote on the orientation
_UPRIGHT = 0.78  # share of a detected box's height that is text; the detector pads its boxes
_DETECTOR = "PP-OCRv6_det_small.onnx"
_RECOGNISER = "PP-OCRv6_rec_small.onnx"
_CLASSIFIER = "ch_ppocr_mobile_v2.0_cls_mobile.onnx"


class _Output(Protocol):
    boxes: NDArray[np.float32] | None  # lines x 4 corners x 2
    txts: tuple[str, ...] | None
    cls_res: list[tuple[str, float]] | None


class _Engine(Protocol):
    def __call__(self, image: Pixels, *, use_det: bool, use_cls: bool, use_rec: bool) -> _Output: ...


def pixels_per_point(width: float, height: float) -> float:
    """Scale at which a page of this size in points is best rendered for OCR."""
    return min(2.5, _LONGEST_SIDE / max(width, height))


def ocr_page(image: Pixels, number: int, width: float, height: float, threads: int) -> RawPage:
    """Read one page from its image.

    Args:
        image: the page as displayed.
        number: its 1-based number.
        width: width of the displayed page in points.
        height: height of the displayed page in points.
        threads: threads for the recogniser.
    """
    engine = _engine(threads)
    turn = _turn(engine, image)
    upright = np.ascontiguousarray(np.rot90(image, k=turn // 90))  # counter-clockwise undoes the turn
    if turn in (90, 270):
        width, height = height, width
    output = engine(upright, use_det=True, use_cls=False, use_rec=True)
    scale = width / upright.shape[1]
    words = []
    for corners, text in zip(_corners(output), output.txts or (), strict=False):
        if text.strip():
            words.append(Word(_text_box(corners * scale), text.strip(), ""))
    return RawPage(number, width, height, tuple(words), turn=turn, by_ocr=True)


def _corners(output: _Output) -> NDArray[np.float32]:
    return output.boxes if output.boxes is not None else np.empty((0, 4, 2), np.float32)


def _text_box(corners: NDArray[np.float32]) -> Box:
    """The text's own box within a detected, padded one."""
    left, top = (float(value) for value in corners.min(axis=0))
    right, bottom = (float(value) for value in corners.max(axis=0))
    pad = (bottom - top) * (1 - _UPRIGHT) / 2
    return Box(left, top + pad, right, bottom - pad)


def _turn(engine: _Engine, image: Pixels) -> int:
    """Clockwise rotation of the page's text in degrees.

    Lines higher than wide lie on their side; the longest lines vote on whether they stand on their heads.
    """
    coarse = np.ascontiguousarray(image[::2, ::2])  # where lines run shows at half the resolution
    found = 2 * _corners(engine(coarse, use_det=True, use_cls=False, use_rec=False))
    if len(found) == 0:
        return 0
    low, high = found.min(axis=1), found.max(axis=1)
    widths, heights = (high - low)[:, 0], (high - low)[:, 1]
    longest = np.argsort(-np.maximum(widths, heights))[:_TRIED]
    sideways = bool(np.sum(heights[longest] > 1.5 * widths[longest]) > 0.5 * len(longest))
    flipped = 0
    for index in longest:
        left, top = np.maximum(low[index], 0).astype(int)
        right, bottom = high[index].astype(int) + 1
        piece = image[top:bottom, left:right]
        if piece.size == 0:
            continue
        piece = np.ascontiguousarray(np.rot90(piece)) if sideways else np.ascontiguousarray(piece)
        output = engine(piece, use_det=False, use_cls=True, use_rec=False)
        label, score = (output.cls_res or [("0", 0.0)])[0]
        flipped += (1 if label == "180" else -1) if score > 0.6 else 0
    return (90 if sideways else 0) + (180 if flipped > 0 else 0)


@cache
def _engine(threads: int) -> _Engine:
    found = find_spec("rapidocr")
    if found is None or found.origin is None or find_spec("openvino") is None:
        raise DocumentError(
            "The document has pages that are only images, and rapidocr or openvino is not installed.",
            code="ocr_unavailable",
            hint="Install both packages, or set the parser's option ocr to false to leave such pages out.",
        )
    from rapidocr import EngineType, RapidOCR

    models = Path(found.origin).parent / "models"
    settings: dict[str, object] = {
        "Global.log_level": "error",
        "Global.max_side_len": _LONGEST_SIDE,
        "Rec.rec_batch_num": _BATCH,
        "Det.model_path": str(models / _DETECTOR),
        "Rec.model_path": str(models / _RECOGNISER),
        "Cls.model_path": str(models / _CLASSIFIER),
        "EngineConfig.openvino.inference_num_threads": threads,
    }
    for stage in ("Det", "Rec", "Cls"):
        settings[f"{stage}.engine_type"] = EngineType.OPENVINO
    return cast("_Engine", RapidOCR(params=settings))
