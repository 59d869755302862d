"""How the program begins, and what it loads."""

import subprocess
import sys

import bayesmix as bm


def test_help_has_examples_and_needs_no_heavy_imports():
    code = (
        "import sys; from bayesmix.cli.entry import run; "
        "run(['--help']); run(['compare', '--help']); "
        "heavy = ('pymc', 'arviz', 'numba', 'pandas', 'xarray', 'matplotlib'); "
        "print('heavy:', *[name for name in heavy if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60).stdout
    assert "bayesmix compare faithful.csv --components 1:6 --output report.html" in shown
    assert shown.splitlines()[-1] == "heavy:"


def test_python_m_bayesmix():
    done = subprocess.run(
        [sys.executable, "-m", "bayesmix", "--version"], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == bm.__version__


HEAVY_FOR_EM = ("arviz", "arviz_plots", "arviz_stats", "jax._src", "matplotlib", "nutpie", "polars", "pymc", "pytensor")


def test_fit_by_em_loads_no_more_than_it_needs(folder):
    code = (
        "import sys; from bayesmix.cli.entry import run; "
        f"run(['fit', 'faithful.csv', '--components', '2', '--method', 'em', '-q', '--output', 'l.csv']); "
        f"print('heavy:', *[name for name in {HEAVY_FOR_EM!r} if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=200).stdout
    assert shown.splitlines()[-1] == "heavy:"
