"""``muniment questions``: drafts of labelled questions, and their acceptance."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from muniment.cli.options import CollectionArgument, Config, settings_from

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from muniment.collections.workspace import Workspace
    from muniment.evaluation.drafting import Sentence
    from muniment.settings import Settings
    from muniment.types import Document, LabelledQuestion, ParsedDocument

app = typer.Typer(no_args_is_help=True, help="Draft questions for `muniment evaluate`, and accept them.")

MOST_DOCUMENTS = 200
"""Read for drafts, evenly spread over the collection."""
SENTENCES_TOGETHER = 6
TRIES = 2
"""Passages shown to a language model for each question wanted."""

QuestionsFile = Annotated[Path, typer.Argument(metavar="FILE", help="Questions, JSON Lines.")]


@app.command("draft")
def draft(
    collection: CollectionArgument = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="File that the drafts are added to.")] = Path(
        "questions.jsonl"
    ),
    count: Annotated[int, typer.Option("--count", "-n", min=1, max=2000, help="Questions at most.")] = 50,
    generator: Annotated[
        str | None,
        typer.Option("--generator", "-g", help="A declared generator that writes them; else rules do."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Another number draws other sentences.")] = 0,
    config: Config = None,
) -> None:
    """Draft questions from the documents, each with its quote, page and document.

    They do not count in an evaluation until somebody accepts them.
    """
    from muniment.cli.connect import run
    from muniment.cli.output import results, styled
    from muniment.evaluation.question_file import add_questions, questions_in

    known = questions_in(output)
    found = run(_drafted(settings_from(config), collection, count, generator, seed, known))
    added = add_questions(output, found)
    told = f"{added} drafted questions added to {output}{_fewer(added, count, generator)}."
    if added:
        told += f" Read them with `muniment questions review {output}`."
    results().print(styled(told), soft_wrap=True)


def _fewer(added: int, count: int, generator: str | None) -> str:
    """Why there are not as many as were wanted."""
    if added == count:
        return ""
    if generator is not None:
        return f"; {generator} could prove no more of what it wrote"
    return "; rules find no further sentence in the documents to ask about"


@app.command("review")
def review(file: QuestionsFile) -> None:
    """Show drafted questions one by one, to accept or remove them."""
    from muniment.cli.output import clean, results, styled
    from muniment.evaluation import read_questions
    from muniment.evaluation.question_file import settle

    waiting = [one for one in read_questions(file) if one.drafted]
    console = results()
    if not waiting:
        console.print(styled("No question is drafted."))
    for number, one in enumerate(waiting, 1):
        console.print(styled(f"{number} of {len(waiting)}  {clean(one.question)}", "bold"), soft_wrap=True)
        console.print(styled(f"  answer: {clean('; '.join(one.answers))}"), soft_wrap=True)
        for span in one.spans:
            page = f", page {one.pages[0].page}" if one.pages else ""
            console.print(
                styled(f"  {clean(span.document)}{page}: {clean(span.quote)}", "dim"), soft_wrap=True
            )
        choice = typer.prompt("  [a]ccept, [r]emove, [l]eave, [q]uit", default="l").strip().lower()[:1]
        if choice == "q":
            break
        if choice in ("a", "r"):
            # At once: whoever stops in the middle keeps what was decided.
            settle(file, accept=[one.id] if choice == "a" else [], reject=[one.id] if choice == "r" else [])


@app.command("accept")
def accept(
    file: QuestionsFile,
    ids: Annotated[list[str] | None, typer.Argument(metavar="ID...", help="Questions to accept.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that are drafted.")] = False,
) -> None:
    """Accept drafted questions, so that evaluations count them."""
    from muniment.cli.output import results, styled
    from muniment.errors import InputError
    from muniment.evaluation import read_questions
    from muniment.evaluation.question_file import settle

    if bool(ids) is everything:
        raise InputError(
            "Which questions are accepted is not said.",
            code="questions_required",
            hint="Name their ids, or all with --all.",
        )
    chosen = [one.id for one in read_questions(file) if one.drafted] if everything else ids or []
    settle(file, accept=chosen)
    results().print(styled(f"{len(chosen)} questions of {file} are accepted."), soft_wrap=True)


async def _drafted(
    settings: "Settings",
    collection: str | None,
    count: int,
    generator: str | None,
    seed: int,
    known: "Sequence[LabelledQuestion]",
) -> "tuple[LabelledQuestion, ...]":
    from muniment.api.questions import chosen_collection
    from muniment.cli.connect import connected
    from muniment.collections.quality import refuse_empty
    from muniment.evaluation.drafting import drafts_of, latest_editions, spread

    async with connected(settings) as workspace:
        name = await chosen_collection(workspace, collection)
        refuse_empty(await workspace.collection(name))
        listed = await _documents(workspace, name, seed)
        documents = latest_editions([(one, await workspace.parsed(name, one.document_id)) for one in listed])
        if generator is not None:
            return await _drafted_by_model(settings, documents, count, generator, seed, known)
        return spread([drafts_of(parsed, one.name) for one, parsed in documents], count, seed, known)


async def _documents(workspace: "Workspace", collection: str, seed: int) -> "list[Document]":
    """Documents that were read, evenly spread when there are too many, each content once.

    Another seed takes others of them.
    """
    from muniment.types import DocumentState

    found: dict[str, Document] = {}
    after = ""
    while listed := await workspace.documents(collection, state=DocumentState.DONE, limit=1000, after=after):
        found |= {one.document_id: one for one in listed if one.chunks and one.document_id not in found}
        after = listed[-1].name
    step = max(1, -(-len(found) // MOST_DOCUMENTS))
    return list(found.values())[seed % step :: step]


async def _drafted_by_model(
    settings: "Settings",
    documents: "Sequence[tuple[Document, ParsedDocument]]",
    count: int,
    generator: str,
    seed: int,
    known: "Sequence[LabelledQuestion]",
) -> "tuple[LabelledQuestion, ...]":
    import random

    from muniment.build import open_chat_model
    from muniment.evaluation.model_drafting import drafted_by

    # Behind as many as there are: the same passages would give the same questions.
    chance, drafted_before = random.Random(f"{seed} {len(known)}"), {one.id for one in known}
    made: dict[str, LabelledQuestion] = {}
    async with open_chat_model(settings, generator) as model:
        for number in range(count * TRIES if documents else 0):
            document, parsed = documents[(number + len(known)) % len(documents)]
            window = _window(parsed, document.name, chance)
            drafted = await drafted_by(model, window, f"{document.name}: {parsed.title}") if window else None
            if drafted is not None and drafted.id not in drafted_before:
                made[drafted.id] = drafted
            if len(made) == count:
                break
    return tuple(made.values())


def _window(document: "ParsedDocument", name: str, chance: "random.Random") -> "list[Sentence]":
    """Some sentences of the document that follow each other."""
    from muniment.evaluation.drafting import sentences_of

    sentences = list(sentences_of(document, name))
    if not sentences:
        return []
    start = chance.randrange(max(1, len(sentences) - SENTENCES_TOGETHER + 1))
    return sentences[start : start + SENTENCES_TOGETHER]
