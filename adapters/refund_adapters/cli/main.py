"""The command `refund-ledger`: its commands, its flags, and how it ends."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from refund_adapters.cli import (
    answers,
    archiving,
    companies,
    discrepancies,
    dispatching,
    errors,
    exporting,
    feeding,
    granting,
    history,
    originals,
    people,
    reconciling,
    requests,
    sandbox,
    storing,
    streams,
    verifying,
)
from refund_adapters.cli.everywhere import ActorFlag, CompanyFlag, JsonFlag, Run, StoreFlag
from refund_adapters.cli.output import unwritten

NAME = "refund-ledger"

ENDS = (
    "Ends with: 0 done; 1 refused, or something differs or is left; 2 the input cannot be read; "
    "3 the store or the accounting system cannot be used now; 70 a mistake in this software; "
    "130 interrupted; 141 nobody reads the output any more."
)

PRINTERS = frozenset({"typer", "click", "rich"})
"""Who prints the help."""

STOPPED = "stopped; what was saved before stands"

app = typer.Typer(
    name=NAME,
    help="Give money back once: ask, agree, send to the accounting system, and prove every cent.",
    epilog=f"{ENDS}\n\nExample: {NAME} request --key order-17 --original invoice_receipt:2/6923 "
    f"--reason returned_goods\n\nThen: {NAME} dispatch",
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for room in (
    sandbox,
    originals,
    granting,
    discrepancies,
    requests,
    people,
    dispatching,
    answers,
    history,
    exporting,
    archiving,
    feeding,
    storing,
    companies,
    verifying,
    reconciling,
):
    app.add_typer(room.app)


def _version(wanted: bool) -> None:  # noqa: FBT001 - Typer calls it with the flag's value
    if wanted:
        from importlib.metadata import version

        typer.echo(f"{NAME} {version('refund-ledger')}")
        raise typer.Exit


@app.callback()
def _root(
    context: typer.Context,
    *,
    store: StoreFlag = None,
    company: CompanyFlag = None,
    actor: ActorFlag = None,
    json: JsonFlag = False,
    version: Annotated[  # noqa: ARG001 - its callback does the work
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Say which version."),
    ] = False,
) -> None:
    run: Run = context.find_root().obj
    run.take(store=store, company=company, actor=actor, json=json)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; says every error in one sentence."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    run = Run()
    streams.make_ready()
    _keep_logs_apart()
    try:
        code = _run(run, given)
        run.out.flush()
        return code
    except BrokenPipeError:
        return errors.UNREAD
    except SystemExit as ended:
        # Rich ends the process where nobody reads the help that it prints.
        if not isinstance(ended.__context__, BrokenPipeError):
            raise
        return errors.UNREAD
    except (KeyboardInterrupt, typer.Abort):
        return errors.say(
            errors.Failure(errors.INTERRUPTED, "interrupted", STOPPED), as_json=run.json
        )
    except Exception as error:
        failure = errors.failure_of(error) or _of_the_output(error)
        if failure is None:
            if errors.wants_traceback():
                raise
            failure = errors.unexpected(error)
        return errors.say(failure, as_json=run.json or "--json" in given)
    finally:
        streams.let_go()


def _of_the_output(error: Exception) -> errors.Failure | None:
    """The help is printed by others; what they cannot write is said as what we cannot."""
    if not isinstance(error, OSError):
        return None
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    room = str(frame.f_globals["__name__"]).partition(".")[0]
    return errors.failure_of(unwritten(error)) if room in PRINTERS else None


def _run(run: Run, given: list[str]) -> int:
    """Find the command and run it; returns its exit code."""
    command: Any = typer.main.get_command(app)
    try:
        _are_text(given)
        with command.make_context(NAME, list(given), obj=run) as context:
            return int(command.invoke(context) or 0)
    except typer.Exit as asked:
        return asked.exit_code
    except errors.UsageError as wrong:
        if type(wrong).__name__ == "NoArgsIsHelpError":
            typer.echo(wrong.format_message())  # type: ignore[attr-defined]
            return errors.USAGE
        failure = errors.usage_failure(wrong)
        return errors.say(failure, as_json=run.json or "--json" in given)


def _are_text(given: Sequence[str]) -> None:
    """Refuse bytes that are no text: they could neither be stored nor shown."""
    for number, word in enumerate(given, 1):
        try:
            word.encode()
        except UnicodeEncodeError:
            raise typer.BadParameter(f"argument {number} is not UTF-8 text") from None


def _keep_logs_apart() -> None:
    """What libraries log is for whoever debugs; stderr is for the one sentence."""
    if errors.wants_traceback():
        logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    else:
        logging.getLogger().addHandler(logging.NullHandler())
