"""Which blocks go together in a chunk, and how those too large for one are parted."""

from collections.abc import Iterator

from muniment.cutting import ContextWriter, Piece
from muniment.providers.structure_chunker.drafts import Draft, Unit
from muniment.providers.structure_chunker.measure import Measure
from muniment.types import Block, BlockKind, ParsedDocument

_HEADINGS = (BlockKind.TITLE, BlockKind.HEADING)


class Packer:
    """Packs one document's blocks into drafts of chunks."""

    def __init__(
        self,
        document: ParsedDocument,
        measure: Measure,
        context: ContextWriter,
        max_tokens: int,
        min_tokens: int,
    ) -> None:
        self._blocks = [b for b in document.blocks if document.text[b.start : b.end].strip()]
        self._measure = measure
        self._context = context
        self._max_tokens = max_tokens
        self._min_tokens = min_tokens

    def drafts(self) -> Iterator[Draft]:
        """The drafts in reading order."""
        current: Draft | None = None
        lead: list[Block] = []
        for position, block in enumerate(self._blocks):
            if self._leads(position, lead):
                lead.append(block)
                continue
            for draft in self._place(block, lead, current):
                if current is not None and draft is not current:
                    yield current
                current = draft
            lead = []
        if current is not None:
            yield current

    def _leads(self, position: int, lead: list[Block]) -> bool:
        """Whether the block goes with the one after it: a heading, or a table's caption.

        Not when there is nothing after it, or when the leading blocks leave too little room for text.
        """
        block = self._blocks[position]
        if position + 1 == len(self._blocks):
            return False
        following = self._blocks[position + 1]
        leads = block.kind in _HEADINGS or (
            block.kind is BlockKind.CAPTION and following.kind is BlockKind.TABLE
        )
        budget = self._budget((lead or [block])[0].headings)
        return leads and sum(self._tokens(b) for b in [*lead, block]) <= budget // 3

    def _tokens(self, block: Block) -> int:
        return self._measure.tokens(block.start, block.end)

    def _budget(self, path: tuple[str, ...]) -> int:
        return self._max_tokens - self._context.tokens(path)

    def _place(self, block: Block, lead: list[Block], current: Draft | None) -> Iterator[Draft]:
        """The draft that takes the block's first unit (``current`` when it fits there), and further ones."""
        start = (lead or [block])[0].headings
        budget = min(self._budget(start), self._budget(block.headings))
        path = start
        for unit in self._units(block, lead, budget):
            joins = current is not None and self._joins(current, start, block.headings)
            if current is None or not joins or current.tokens + unit.tokens > current.budget:
                current = Draft(path, block.headings, block.headings, self._budget(path))
            current.add(unit)
            current.section = block.headings
            yield current
            path = start = block.headings

    def _joins(self, draft: Draft, start: tuple[str, ...], section: tuple[str, ...]) -> bool:
        """Whether text that starts under ``start`` may continue the draft: same section, or a small one.

        The draft's context must be true for the joined text too: it lies under the same headings.
        """
        if start == section == draft.section:
            return True
        return draft.tokens < self._min_tokens and start[: len(draft.path)] == draft.path

    def _units(self, block: Block, lead: list[Block], budget: int) -> list[Unit]:
        heads = tuple(Piece(*self._measure.trim(b.start, b.end), b.spans) for b in lead)
        taken = sum(self._tokens(b) for b in lead)
        if block.rows:
            units = self._table_units(block, budget - taken)
        else:
            ranges = self._measure.split(block.start, block.end, budget - taken)
            units = [self._unit((), (Piece(*part, block.spans),)) for part in ranges]
        first = units[0]
        return [Unit(heads, first.header, first.body, first.tokens + taken), *units[1:]]

    def _unit(self, header: tuple[Piece, ...], body: tuple[Piece, ...]) -> Unit:
        tokens = sum(self._measure.tokens(piece.start, piece.end) for piece in header + body)
        return Unit((), header, body, tokens)

    def _table_units(self, block: Block, budget: int) -> list[Unit]:
        """A table whole when it fits, else by rows, each part led by the header rows.

        Headers that take more than half of the budget stand once only.
        """
        rows = [(row.header, Piece(row.start, row.end, row.spans or block.spans)) for row in block.rows]
        header = tuple(piece for is_header, piece in rows if is_header)
        body = [piece for is_header, piece in rows if not is_header]
        whole = self._unit(header, tuple(body))
        if whole.tokens <= budget:
            return [whole]
        taken = self._unit(header, ()).tokens
        if not body or taken > budget // 2:
            header, body, taken = (), [*header, *body], 0
        return self._row_units(header, body, budget - taken)

    def _row_units(self, header: tuple[Piece, ...], rows: list[Piece], room: int) -> list[Unit]:
        units: list[Unit] = []
        together: list[Piece] = []
        used = 0
        for row in rows:
            parts = self._measure.split(row.start, row.end, room, cells=True)
            for part in parts:
                size = self._measure.tokens(*part)
                if together and (used + size > room or len(parts) > 1):
                    units.append(self._unit(header, tuple(together)))
                    together, used = [], 0
                together.append(Piece(*part, row.places))
                used += size
        if together:
            units.append(self._unit(header, tuple(together)))
        return units
