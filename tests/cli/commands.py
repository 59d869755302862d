"""What the tests of all commands share."""

from bayesmix.cli.entry import USERS_MISTAKE, run

FAST = ["--method", "em", "--seed", "1"]


def refused(capsys, *arguments) -> str:
    """The one line with which a command refuses."""
    assert run([str(argument) for argument in arguments]) == USERS_MISTAKE
    lines = capsys.readouterr().err.splitlines()
    assert lines[-1].startswith("bayesmix: error: ")
    assert sum(line.startswith("bayesmix: error") for line in lines) == 1
    return lines[-1]
