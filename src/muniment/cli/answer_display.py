"""Shows an answer with its evidence on a terminal."""

import shlex
from pathlib import Path

from rich.console import Console
from rich.text import Text

from muniment.api.sources import Source, sources_of
from muniment.cli.output import clean, indented, styled
from muniment.types import Answer, AnswerVerdict, Claim, ClaimVerdict

QUOTE_LENGTH = 280

VERDICTS = {
    AnswerVerdict.GROUNDED: ("grounded: every statement was found in the documents", "green"),
    AnswerVerdict.PARTLY_GROUNDED: (
        "partly grounded: not everything is carried by the documents",
        "yellow",
    ),
    AnswerVerdict.ABSTAINED: ("abstained: the documents do not answer this", "yellow"),
}


def print_answer(answer: Answer, console: Console, config: Path | None = None) -> None:
    """The text, the evidence for it, what is unfounded in it, and the verdict.

    Args:
        config: settings file that was named, for the commands that are shown.
    """
    console.print(styled(answer.text, "bold"))
    console.print()
    for source in sources_of(answer):
        _print_source(source, answer.collection, console, config)
    for claim in answer.claims:
        if claim.verdict is not ClaimVerdict.SUPPORTED:
            _print_unfounded(claim, console)
    words, style = VERDICTS[answer.verdict]
    spent = sum(ms for stage, ms in answer.timings.items() if "." not in stage)  # "a.b" is a part of "a"
    console.print(Text.assemble((words, style), (f" · {answer.generator} · {spent:.0f} ms", "dim")))
    for note in answer.notes:
        console.print(styled(note, "dim"))


def _print_source(source: Source, collection: str, console: Console, config: Path | None) -> None:
    place = (clean(source.place), "cyan")
    console.print(Text.assemble((f"[{source.number}] ", "bold cyan"), place, ("  ✓ checked", "green")))
    for citation in source.citations:
        quote = " ".join(citation.quote.split())
        shown = quote if len(quote) <= QUOTE_LENGTH else quote[:QUOTE_LENGTH] + "…"
        console.print(indented(f"“{shown}”", "italic"))
    if source.page is not None:
        spans = [span for citation in source.citations for span in citation.spans if span.page == source.page]
        marks = " ".join(f"--range {span.start}-{span.end}" for span in spans)
        command = f"muniment page {collection} {source.citations[0].document_id} {source.page} {marks}"
        command += f" -c {shlex.quote(str(config))}" if config else ""
        console.print(indented(command, "dim"))
    console.print()


def _print_unfounded(claim: Claim, console: Console) -> None:
    console.print(Text.assemble(("✗ not carried: ", "yellow"), clean(claim.text)))
    for reason in claim.reasons:
        console.print(indented(reason, "dim"))
    console.print()
