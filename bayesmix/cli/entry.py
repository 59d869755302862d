"""Runs a command: its exit status, and one line for what the user can mend."""

import dis
import os
import sys
from collections.abc import Sequence
from types import TracebackType

from cyclopts import CycloptsError

from bayesmix.cli.commands import app

USERS_MISTAKE = 2
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave Python with its exit status.

    Parameters
    ----------
    arguments : sequence of str, optional
        What follows the program's name; what Python was started with by default.
    """
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run one command.

    Parameters
    ----------
    arguments : sequence of str

    Returns
    -------
    int
        0; 2 when the user's request cannot be carried out, which one line on standard error
        explains; 130 when it was interrupted. Anything else that goes wrong is a bug, and raises.
    """
    try:
        app(list(arguments), exit_on_error=False, print_error=False)
        sys.stdout.flush()
    except CycloptsError as error:
        _say(f"{error} {_help_for(error)}")
        return USERS_MISTAKE
    except (ValueError, TypeError, OSError, ImportError) as error:
        if isinstance(error, BrokenPipeError):  # the reader of our output has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        if not _is_refusal(error.__traceback__):
            raise
        _say(str(error))
        return USERS_MISTAKE
    except (KeyboardInterrupt, SystemError) as error:
        if not _is_interruption(error):
            raise
        _say("interrupted")
        return INTERRUPTED
    return 0


def _say(message: str) -> None:
    print(f"bayesmix: error: {' '.join(message.split())}", file=sys.stderr)


def _help_for(error: CycloptsError) -> str:
    return f"See: {' '.join(['bayesmix', *(error.command_chain or ()), '--help'])}"


def _is_interruption(error: BaseException | None) -> bool:
    """Whether the user asked to stop; inside compiled code that surfaces as the cause of another error."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def _is_refusal(traceback: TracebackType | None) -> bool:
    """Whether the error comes from a ``raise`` in bayesmix itself, and so was meant for the user.

    An error of the same type out of a library, or out of an operation that failed (unpacking,
    converting), was foreseen by nobody.
    """
    if traceback is None:
        return False
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    frame = traceback.tb_frame
    if frame.f_globals.get("__name__", "").partition(".")[0] != "bayesmix":
        return False
    instruction = dis.opname[frame.f_code.co_code[traceback.tb_lasti]]
    return instruction == "RAISE_VARARGS"
