"""What every chunker needs to cut a document: exact places of any range, contexts, bounds of sizes."""

from muniment.cutting.context import ContextWriter
from muniment.cutting.pieces import Piece
from muniment.cutting.sizes import CHARS_PER_TOKEN

__all__ = ["CHARS_PER_TOKEN", "ContextWriter", "Piece"]
