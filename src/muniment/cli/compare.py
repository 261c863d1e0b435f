"""``muniment compare``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from muniment.cli.options import DraftedOption, Json, SearchOnlyOption

if TYPE_CHECKING:
    from muniment.cli.compared_settings import Apart
    from muniment.collections.quality import Asked
    from muniment.settings import Settings
    from muniment.types import EvaluationReport, LabelledQuestion


def compare(
    first: Annotated[Path, typer.Argument(metavar="A", help="Settings file.")],
    second: Annotated[Path, typer.Argument(metavar="B", help="Settings file that is tried against it.")],
    questions: Annotated[
        Path, typer.Option("--questions", "-q", help="Labelled questions, JSON Lines or CSV.")
    ],
    collection: Annotated[
        str | None, typer.Option("--collection", help="Where both declare more than one in common.")
    ] = None,
    output: Annotated[
        list[Path] | None,
        typer.Option(
            "--output",
            "-o",
            help="Report of B, compared with A: .html, .json, or .xml for JUnit; may be given repeatedly.",
        ),
    ] = None,
    search_only: SearchOnlyOption = False,
    drafted: DraftedOption = False,
    as_json: Json = False,
) -> None:
    """Evaluate two configurations on the same questions, and say where they differ.

    Both are indexed apart from the data that they serve, under `compare` in A's data directory. Documents
    that both parse alike are parsed once; configurations that also cut and embed alike share one index.
    """
    from dataclasses import replace

    from muniment.api.wire import EvaluationReportWire
    from muniment.cli.compared_settings import HOME, apart, common_collection, make_folder
    from muniment.cli.connect import run
    from muniment.cli.evaluate import checked_outputs
    from muniment.cli.evaluation_report import print_report, write_reports
    from muniment.cli.output import print_json
    from muniment.evaluation import counted, read_questions
    from muniment.evaluation.compare import compared
    from muniment.settings import load_settings

    outputs = checked_outputs(output or [])
    asked = counted(read_questions(questions), with_drafted=drafted)
    one, other = load_settings(first), load_settings(second)
    name = common_collection(one, other, collection)
    home = one.data_dir / HOME
    reports: list[EvaluationReport] = []
    for settings in (one, other):
        made = apart(settings, name, home)
        make_folder(made, settings.data_dir / "models")
        how = _asked(made, name, questions, len(reports), answers=not search_only)
        reports.append(run(_evaluated(made.settings, name, asked, how, quiet=as_json)))
    before, after = reports
    told = (*before.notes, *after.notes)
    after = replace(after, comparison=compared(before, after))
    write_reports(after, outputs)
    if as_json:
        print_json(EvaluationReportWire.of(after))
        return
    print_report(before, told)
    print_report(after, told)


def _asked(made: "Apart", collection: str, questions: Path, number: int, *, answers: bool) -> "Asked":
    from muniment.collections.quality import Asked

    return Asked(
        questions_name=questions.name,
        answers=answers,
        settings=made.settings.model_dump_json(exclude={"data_dir"}),
        journal=made.folder / "evaluations" / f"{collection}-{'ab'[number]}.jsonl",
    )


async def _evaluated(
    settings: "Settings",
    collection: str,
    questions: "tuple[LabelledQuestion, ...]",
    asked: "Asked",
    *,
    quiet: bool,
) -> "EvaluationReport":
    from muniment.cli.connect import connected
    from muniment.cli.evaluation_display import shown_evaluation
    from muniment.cli.run_display import shown_run
    from muniment.collections.quality import evaluate

    async with connected(settings) as workspace:
        await shown_run(workspace.ingest(collection, trigger="compare"), quiet=quiet)
        events = evaluate(workspace, collection, questions, asked)
        return await shown_evaluation(events, collection, quiet=quiet)
