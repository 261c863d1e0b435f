"""The program ``muniment``: its commands, and how each of them ends."""

import os
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from muniment.cli import (
    adopt,
    apply,
    ask,
    compare,
    config,
    demo,
    documents,
    evaluate,
    gc,
    generations,
    import_run,
    ingest,
    models,
    page,
    pipeline,
    plan,
    questions,
    runs,
    search,
    serve,
    status,
    verify,
)
from muniment.cli.exits import ExitCode, exit_code_of
from muniment.cli.heap import keep_heap_small
from muniment.cli.log_lines import log_lines
from muniment.errors import MunimentError, unforeseen

DEBUG = "--debug"


def prepare_process() -> None:
    """Defaults of environment and heap that must stand before numeric libraries are loaded."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    keep_heap_small()


class _Program(TyperGroup):
    """The group of all commands; an error leaves as message, hint and exit code."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take ``--debug`` from wherever it stands."""
        ctx.obj = DEBUG in args
        return super().parse_args(ctx, [arg for arg in args if arg != DEBUG])

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        with log_lines():
            return self._invoked(ctx)

    def _invoked(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            typer.echo("Interrupted.", err=True)
            raise typer.Exit(ExitCode.INTERRUPTED) from None
        except BrokenPipeError:
            _forget_stdout()
            raise typer.Exit(ExitCode.BROKEN_PIPE) from None
        except (typer.Exit, typer.Abort):
            raise
        except Exception as error:
            # Wrong usage has an exit code of its own, which the program's base class prints.
            if ctx.obj or hasattr(error, "exit_code"):
                raise
            raise typer.Exit(_reported(error)) from error


def _reported(error: Exception) -> ExitCode:
    """Print an error as message and hint; the exit code for it."""
    from muniment.cli.output import print_error

    if not isinstance(error, MunimentError):
        error = unforeseen(error)
    print_error(error)
    return exit_code_of(error)


def _forget_stdout() -> None:
    """Whoever read our output has gone; what is still buffered must not fail at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


app = typer.Typer(
    name="muniment",
    cls=_Program,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Answers questions over your documents and proves every answer.",
    epilog="Exit codes: 0 done, 1 failed, 2 wrong usage or settings (`plan`: something to do), "
    "3 some documents failed, 4 the documents do not answer the question, 130 interrupted. "
    "--debug shows tracebacks.",
)


def _version(asked: bool) -> None:
    if asked:
        import muniment

        typer.echo(f"muniment {muniment.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[bool, typer.Option(DEBUG, help="Show the traceback of an error.")] = False,
) -> None:
    pass


app.command("serve")(serve.serve)
app.command("ingest")(ingest.ingest)
app.command("plan")(plan.plan)
app.command("apply")(apply.apply)
app.command("generations")(generations.generations)
app.command("promote")(generations.promote)
app.command("rollback")(generations.rollback)
app.command("verify")(verify.verify)
app.command("ask")(ask.ask)
app.command("search")(search.search)
app.command("evaluate")(evaluate.evaluate)
app.command("compare")(compare.compare)
app.command("status")(status.status)
app.command("documents")(documents.documents)
app.command("runs")(runs.runs)
app.command("gc")(gc.gc)
app.command("page")(page.page)
app.command("demo")(demo.demo)
app.command("adopt")(adopt.adopt)
app.command("import")(import_run.import_run)
app.command("version")(status.version)
app.add_typer(questions.app, name="questions")
app.add_typer(pipeline.app, name="pipeline")
app.add_typer(models.app, name="models")
app.add_typer(config.app, name="config")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the program and leave with its exit code."""
    prepare_process()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    app(args=arguments)
