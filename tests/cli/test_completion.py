"""Shells complete commands, options and their choices."""

import subprocess
import sys
from pathlib import Path

import pexpect
import pytest

from tests.programs import find


def completion_script(shell: str, folder: Path) -> str:
    """Write the script that a shell reads, once it has found it well formed; the shell's path."""
    program = find(shell)
    command = [sys.executable, "-m", "bayesmix", "completion", shell]
    script = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    (folder / "script").write_text(script)
    subprocess.run([program, "-n", "script"], check=True, timeout=60)
    return program


@pytest.mark.parametrize(
    ("words", "proposed"),
    [
        (["bayesmix", ""], {"demo", "data", "fit", "compare", "test", "predict", "completion"}),
        (["bayesmix", "co"], {"compare", "completion"}),
        (["bayesmix", "fit", "data.csv", "--me"], {"--method"}),
        (["bayesmix", "fit", "data.csv", "--method", "n"], {"nuts"}),
        (["bayesmix", "compare", "--fam"], {"--families"}),
        (["bayesmix", "completion", ""], {"bash", "zsh", "fish"}),
    ],
)
def test_bash_completes(words, proposed, folder):
    bash = completion_script("bash", folder)
    quoted = " ".join(f"'{word}'" for word in words)
    ask = (
        f"source ./script; COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; "
        "$(complete -p bayesmix | sed 's/.*-F \\([^ ]*\\).*/\\1/'); printf '%s\\n' \"${COMPREPLY[@]}\""
    )
    done = subprocess.run([bash, "-c", ask], capture_output=True, text=True, check=True, timeout=60)
    assert set(done.stdout.split()) == proposed


def test_zsh_completes(folder):
    zsh = completion_script("zsh", folder)
    terminal = pexpect.spawn(zsh, ["-f"], encoding="utf-8", dimensions=(30, 100))
    terminal.sendline("PS1='ready> '; autoload -U compinit; compinit -u -D; source ./script; echo sourced-$?")
    terminal.expect("\nsourced-0")
    terminal.send("bayesmix compare data.csv --fam\t")
    terminal.expect("--families", timeout=20)
    terminal.send("\x03")
    terminal.expect("ready> ")
    terminal.send("bayesmix fit data.csv --method lap\t")
    terminal.expect("--method laplace", timeout=20)
    terminal.close(force=True)
