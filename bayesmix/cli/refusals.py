"""What cannot be done, in the words of the command line."""

from cyclopts.exceptions import CycloptsError, MissingArgumentError, UnusedCliTokensError

# The rooms below speak of arguments of Python; here they are options.
_IN_OPTIONS = (
    ("X has ", "The data have "),
    ("n_components=", "--components "),
    ("covariance='diag' or 'spherical'", "--family diag or spherical (of compare: --families)"),
)
_FAMILIES_IN_OPTIONS = (("bm.Gaussian()", "--family full"), ("bm.Categorical()", "--family categorical"))


def of_command(error: CycloptsError) -> str:
    """Tell why the words of a command are not understood, and where its help is."""
    command = " ".join(["bayesmix", *(error.command_chain or ())])
    return f"{_misunderstood(error)} See: {command} --help"


def _misunderstood(error: CycloptsError) -> str:
    if isinstance(error, MissingArgumentError) and error.argument is not None and "Did you mean" not in str(error):
        return f"{error.argument.name} is missing, or what must follow it."
    if isinstance(error, UnusedCliTokensError):
        return f"{' '.join(error.unused_tokens or ())!r} is too much."
    return str(error)


def of_request(error: Exception) -> str:
    """Tell why a request cannot be carried out: a refusal of data or arguments, with options for arguments."""
    message = str(error)
    for family, option in _FAMILIES_IN_OPTIONS:
        message = message.replace(family, option)
    if _IN_OPTIONS[0][0] not in message:
        return message
    for argument, option in _IN_OPTIONS:
        message = message.replace(argument, option)
    return message
