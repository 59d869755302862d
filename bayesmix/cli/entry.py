"""Runs a command: its exit status, and one line for what the user can mend."""

import dis
import errno
import io
import os
import sys
from collections.abc import Sequence
from types import TracebackType

from cyclopts import CycloptsError

from bayesmix.cli.commands import app
from bayesmix.cli.refusals import of_command, of_request
from bayesmix.cli.streams import let_go, open_all
from bayesmix.data.words import visible
from bayesmix.verdict import said_by_caller

# What the machine refuses to anybody: no space, no quota, no permission, a read-only or failing disk, too many files.
_OF_THE_MACHINE = {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO, errno.EMFILE}
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
        0; 2 when the user's request cannot be carried out, which one line on standard error explains; 3 when the
        result was made and is not to be trusted; 130 when it was interrupted. Anything else that goes wrong is a bug,
        and raises.
    """
    open_all()
    for size in ("COLUMNS", "LINES"):
        if not os.environ.get(size, "1").isdigit() or int(os.environ.get(size, "1")) == 0:
            del os.environ[size]  # no size of a screen: nothing could be shown on it
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without some letter shows another
    try:
        with said_by_caller():  # the commands tell what is not to be trusted
            status = app(list(arguments), exit_on_error=False, print_error=False)
        sys.stdout.flush()
    except CycloptsError as error:
        _say(of_command(error))
        return USERS_MISTAKE
    except (ValueError, TypeError, OSError, ImportError) as error:
        if isinstance(error, BrokenPipeError):  # the reader of our output has seen enough
            let_go(sys.stdout)
            return 0
        if isinstance(error, OSError) and error.strerror and error.errno in _OF_THE_MACHINE:
            let_go(sys.stdout)
            _say(f"{error.filename or 'the output'} cannot be read or written: {error.strerror}.")
            return USERS_MISTAKE
        if not _is_refusal(error.__traceback__):
            raise
        _say(of_request(error))
        return USERS_MISTAKE
    except MemoryError:
        _say("the memory is not enough: fit fewer rows or columns, or draw them at random from all.")
        return USERS_MISTAKE
    except KeyboardInterrupt:
        _say("interrupted")
        return INTERRUPTED
    return status if isinstance(status, int) else 0


def _say(message: str) -> None:
    print(f"bayesmix: error: {visible(' '.join(message.split()))}", file=sys.stderr)


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
