"""The sources and notes that stand under an answer wherever only text can be shown."""

from dataclasses import dataclass

from muniment.types import Answer, AnswerVerdict, Citation, CitationVerdict


@dataclass(frozen=True, slots=True)
class Source:
    """A page of a cited passage under the number that the answer's marks use, with its quotes."""

    number: int
    citations: tuple[Citation, ...]

    @property
    def page(self) -> int | None:
        """The page all its quotes begin on."""
        return self.citations[0].page

    @property
    def place(self) -> str:
        """Document and page."""
        name = self.citations[0].document_name
        return f"{name}, page {self.page}" if self.page is not None else name


def sources_of(answer: Answer) -> tuple[Source, ...]:
    """The pages with verified citations, once each, by number.

    A mark ``[n]`` in an answer's text names the n-th passage looked at.
    """
    numbers = {passage.id: number for number, passage in enumerate(answer.looked_at, start=1)}
    found: dict[tuple[int, int], list[Citation]] = {}
    for claim in answer.claims:
        for citation in claim.citations:
            number = numbers.get(citation.passage_id)
            if number is not None and citation.verdict is CitationVerdict.VERIFIED:
                quotes = found.setdefault((number, citation.page or 0), [])
                if citation not in quotes:
                    quotes.append(citation)
    return tuple(Source(number, tuple(found[number, page])) for number, page in sorted(found))


def sources_text(answer: Answer) -> str:
    """The list and the answer's notes as text, with blank lines before them; empty when there are neither."""
    sources = () if answer.verdict is AnswerVerdict.ABSTAINED else sources_of(answer)
    parts = []
    if sources:
        parts.append("Sources:\n" + "\n".join(f"[{source.number}] {source.place}" for source in sources))
    parts += answer.notes
    return "".join(f"\n\n{part}" for part in parts)
