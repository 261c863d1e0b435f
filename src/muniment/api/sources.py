"""The list of sources that stands under an answer wherever only text can be shown."""

from dataclasses import dataclass

from muniment.types import Answer, AnswerVerdict, Citation, CitationVerdict


@dataclass(frozen=True, slots=True)
class Source:
    """A cited passage under the number that the answer's marks use."""

    number: int
    citation: Citation

    @property
    def place(self) -> str:
        """Document and page."""
        page = self.citation.page
        name = self.citation.document_name
        return f"{name}, page {page}" if page is not None else name


def sources_of(answer: Answer) -> tuple[Source, ...]:
    """The passages with a verified citation, once each, by number.

    A mark ``[n]`` in an answer's text names the n-th passage looked at.
    """
    numbers = {passage.id: number for number, passage in enumerate(answer.looked_at, start=1)}
    found: dict[int, Source] = {}
    for claim in answer.claims:
        for citation in claim.citations:
            number = numbers.get(citation.passage_id)
            if number is not None and citation.verdict is CitationVerdict.VERIFIED:
                found.setdefault(number, Source(number, citation))
    return tuple(found[number] for number in sorted(found))


def sources_text(answer: Answer) -> str:
    """The list as text, with blank lines before it; empty when the answer cites nothing."""
    sources = sources_of(answer)
    if not sources or answer.verdict is AnswerVerdict.ABSTAINED:
        return ""
    lines = "\n".join(f"[{source.number}] {source.place}" for source in sources)
    return f"\n\nSources:\n{lines}"
