"""Shows an answer with its evidence on a terminal."""

import shlex
from pathlib import Path

from rich.console import Console
from rich.text import Text

from muniment.api.sources import Source, sources_of
from muniment.cli.numbering import renumbered
from muniment.cli.output import clean, indented, one_line, styled
from muniment.cli.program import program
from muniment.settings.model import DEFAULT_GENERATOR
from muniment.types import Answer, AnswerVerdict, Claim, ClaimVerdict

QUOTE_LENGTH = 280

DRAWN = (".pdf", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp")
"""Files whose pages can be drawn; slides and sheets have page numbers, but no page images."""

VERDICTS = {
    AnswerVerdict.GROUNDED: ("grounded: every statement was found in the documents", "green"),
    AnswerVerdict.PARTLY_GROUNDED: (
        "partly grounded: not everything is carried by the documents",
        "yellow",
    ),
    AnswerVerdict.ABSTAINED: ("abstained: the documents do not answer this", "yellow"),
}

# What is quoted stands in the documents by its nature: no praise for the answer.
QUOTED = ("quoted word for word from the documents; read whether it answers the question", "")


def print_answer(answer: Answer, console: Console, config: Path | None = None) -> None:
    """The text, the evidence for it, what is unfounded in it, and the verdict.

    Args:
        config: settings file that was named, for the commands that are shown.
    """
    numbered = renumbered(answer, sources_of(answer))
    console.print(styled(numbered.text, "bold"))
    console.print()
    for source in numbered.sources:
        _print_source(source, answer.collection, console, config)
    for claim in answer.claims:
        if claim.verdict is not ClaimVerdict.SUPPORTED:
            _print_unfounded(claim, console)
    if numbered.note:
        console.print(styled(numbered.note, "dim"))
    words, style = _verdict(answer)
    spent = sum(ms for stage, ms in answer.timings.items() if "." not in stage)  # "a.b" is a part of "a"
    sure = _sure(answer)
    console.print(Text.assemble((words, style), (f"{sure} · {answer.generator} · {spent:.0f} ms", "dim")))
    for note in answer.notes:
        console.print(styled(note, "dim"))


def _sure(answer: Answer) -> str:
    """The confidence, in words that cannot be taken for confidence in the refusal."""
    if answer.confidence is None:
        return ""
    if answer.verdict is AnswerVerdict.ABSTAINED:
        return f" · {answer.confidence:.0%} likely that they do"
    return f" · confidence {answer.confidence:.0%}"


def _verdict(answer: Answer) -> tuple[str, str]:
    is_quoted = answer.generator == DEFAULT_GENERATOR and answer.verdict is AnswerVerdict.GROUNDED
    return QUOTED if is_quoted else VERDICTS[answer.verdict]


def _print_source(source: Source, collection: str, console: Console, config: Path | None) -> None:
    place = (one_line(source.place), "cyan")
    console.print(Text.assemble((f"[{source.number}] ", "bold cyan"), place, ("  ✓ checked", "green")))
    for citation in source.citations:
        quote = " ".join(citation.quote.split())
        shown = quote if len(quote) <= QUOTE_LENGTH else quote[:QUOTE_LENGTH] + "…"
        console.print(indented(f"“{shown}”", "italic"))
    if source.page is not None and source.citations[0].document_name.lower().endswith(DRAWN):
        spans = (span for citation in source.citations for span in citation.spans)
        ranges = dict.fromkeys((span.start, span.end) for span in spans if span.page == source.page)
        marks = " ".join(f"--range {start}-{end}" for start, end in ranges)
        command = f"{program()} page {collection} {source.citations[0].document_id} {source.page} {marks}"
        command += f" -c {shlex.quote(str(config))}" if config else ""
        console.print(styled(f"    {command}", "dim"), soft_wrap=True)
    console.print()


def _print_unfounded(claim: Claim, console: Console) -> None:
    console.print(Text.assemble(("✗ not carried: ", "yellow"), clean(claim.text)))
    for reason in claim.reasons:
        console.print(indented(reason, "dim"))
    console.print()
