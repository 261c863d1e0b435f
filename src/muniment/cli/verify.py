"""``muniment verify``."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from muniment.cli.exits import ExitCode
from muniment.cli.options import CollectionArgument, Config, Json, settings_from

if TYPE_CHECKING:
    from muniment.settings import Settings
    from muniment.types import Check, Mending, Verification


def verify(
    collection: CollectionArgument = None,
    question: Annotated[
        list[str] | None,
        typer.Option(
            "--question", "-q", metavar="TEXT", help="Must find something; may be given repeatedly."
        ),
    ] = None,
    staged: Annotated[
        bool, typer.Option("--staged", help="Look at the staged generation, not at the live one.")
    ] = False,
    setup_only: Annotated[
        bool,
        typer.Option("--setup-only", help="Only what ingestion rests on; nothing that is there is read."),
    ] = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Try out what collections rest on, and whether what they hold is complete and found.

    Before ingestion: credentials, sources, file store, catalog, vector store, models, disk. After it:
    chunks in the catalog against rows in the index, and searches. The exit code is 1 when something is amiss.
    """
    from muniment.api.wire import VerificationList, VerificationWire
    from muniment.cli.connect import run
    from muniment.cli.output import print_json

    settings = settings_from(config)
    questions = tuple(question or ())
    found = run(_verified(settings, collection, questions, staged=staged, setup_only=setup_only))
    if as_json:
        print_json(VerificationList(verifications=tuple(VerificationWire.of(one) for one in found)))
    else:
        for one in found:
            _print(one)
    if not all(one.ok for one in found):
        raise typer.Exit(ExitCode.FAILED)


async def _verified(
    settings: "Settings",
    collection: str | None,
    questions: tuple[str, ...],
    *,
    staged: bool,
    setup_only: bool,
) -> "list[Verification]":
    from muniment.cli.connect import connected
    from muniment.cli.server_file import live_server
    from muniment.errors import MunimentError

    if setup_only and await live_server(settings.data_dir) is None:
        return await _setup(settings, collection)
    begun = _now()
    try:
        async with connected(settings) as workspace:
            names = [collection] if collection else [one.name for one in await workspace.collections()]
            found = []
            for name in names:
                verified = await workspace.verify(
                    name, questions=questions, staged=staged, setup_only=setup_only
                )
                mended = [one for one in (await workspace.collection(name)).mended if one.at >= begun]
                found.append(replace(verified, checks=(*verified.checks, *map(_mended, mended))))
            return found
    except MunimentError:
        # What keeps the data from being opened is one finding, and there may be more.
        setup = await _setup(settings, collection) if collection in (None, *settings.collections) else []
        if all(one.ok for one in setup):
            raise
        return setup


async def _setup(settings: "Settings", collection: str | None) -> "list[Verification]":
    from muniment.api.questions import none_declared
    from muniment.build import verify_setup

    names = [collection] if collection else list(settings.collections)
    if not names:
        raise none_declared()
    return [await verify_setup(settings, name) for name in names]


def _mended(mending: "Mending") -> "Check":
    """What was amiss when the data was opened, just now."""
    from muniment.types import Check

    hint = "It is in order now. If it comes back, something else writes to the store or loses what is in it."
    return Check("mended", False, f"{mending.found}; {mending.did}", hint)


def _now() -> str:
    from muniment.catalog.clock import now

    return now()


def _print(found: "Verification") -> None:
    from rich.text import Text

    from muniment.cli.log_lines import told
    from muniment.cli.output import clean, counted, results, styled
    from muniment.cli.program import runnable

    results().print(styled(found.collection, "bold"))
    first: dict[str, str] = {}
    for check in found.checks:
        mark = ("ok     ", "green") if check.ok else ("FINDING", "bold red")
        known = "" if check.ok else first.setdefault(check.detail, check.name)
        # What one thing that is down makes of several checks is told once.
        detail = check.detail if known in ("", check.name) else f"the same as {known}"
        results().print(Text.assemble("  ", mark, f" {check.name}: ", clean(detail)), soft_wrap=True)
        if not check.ok:
            told(check.detail.rsplit(" [", 1)[0])
        if not check.ok and check.hint and detail is check.detail:
            results().print(styled(f"          {runnable(check.hint)}", "yellow"), soft_wrap=True)
    findings = sum(not check.ok for check in found.checks)
    results().print(styled(f"  {counted(findings, 'finding')}." if findings else "  In order."))
