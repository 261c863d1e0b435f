"""``muniment demo``."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from muniment.cli.exits import ExitCode
from muniment.cli.options import Json

if TYPE_CHECKING:
    from muniment.cli.sample import SampleQuestion
    from muniment.types import Answer, Run

LINE = "─" * 78

NEXT = """What next

  Ask more          {program} ask -c {settings} "How expensive may a hotel in Denmark be?"
  In a browser      {program} serve -c {settings}      then open http://127.0.0.1:8321
  From any client   base URL http://127.0.0.1:8321/v1, model muniment/acme
  Your documents    {program} config init
                    set `sources` in muniment.yaml, then
                    {program} ingest

The answers above quote the documents word for word: no language model was used. With one, declared
in two lines under `generators`, they are written in whole sentences, and checked in the same way."""


def demo(
    folder: Annotated[Path, typer.Option("--dir", help="Where settings, documents and data go.")] = Path(
        "demo-data"
    ),
    as_json: Json = False,
) -> None:
    """Ingest the sample corpus, ask it questions, and show the answers with their evidence."""
    from muniment.api.wire import AnswerWire, RunWire
    from muniment.cli.connect import run
    from muniment.cli.output import print_json, results
    from muniment.cli.program import program
    from muniment.cli.sample import DemoReport, prepare, sample_questions

    file = prepare(folder)
    finished, answers = run(_demonstrated(file, sample_questions(), quiet=as_json))
    if as_json:
        shapes = tuple(AnswerWire.of(answer) for answer in answers)
        print_json(DemoReport(run=RunWire.of(finished), answers=shapes))
    else:
        results().print(NEXT.format(program=program(), settings=shlex.quote(str(file))), soft_wrap=True)
    if finished.failed:
        raise typer.Exit(ExitCode.DOCUMENTS_FAILED)


async def _demonstrated(
    file: Path, questions: "list[SampleQuestion]", *, quiet: bool
) -> "tuple[Run, list[Answer]]":
    from muniment.cli.answer_display import print_answer
    from muniment.cli.ask import answer_of
    from muniment.cli.connect import connected
    from muniment.cli.output import messages, results, styled
    from muniment.cli.run_display import run_summary, shown_run
    from muniment.cli.sample import COLLECTION
    from muniment.settings import load_settings

    console = results()
    answers: list[Answer] = []
    async with connected(load_settings(file)) as workspace:
        run = await shown_run(workspace.ingest(COLLECTION, trigger="demo"), quiet=quiet)
        if not quiet:
            messages().print(styled(run_summary(run)))
        for asked in questions:
            answer = await answer_of(workspace, COLLECTION, asked.question, quiet=quiet)
            answers.append(answer)
            if not quiet:
                console.print(styled(LINE, "dim"))
                console.print(styled(asked.question, "bold magenta"))
                console.print(styled(f"Expected: {asked.expected}", "dim"))
                console.print()
                print_answer(answer, console, file)
    if not quiet:
        console.print(styled(LINE, "dim"))
    return run, answers
