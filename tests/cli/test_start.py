"""How the program begins, and what it loads."""

import subprocess
import sys

import bayesmix as bm
from bayesmix.registry import FAMILIES


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


FOR_NUTS = ("arviz_stats", "nutpie", "scipy.stats")
FOR_NONE = ("arviz_plots", "jax._src", "matplotlib", "polars", "pymc", "pytensor")
REFUSED = ("bayesmix.families", "narwhals", "numba", "scipy", "xarray")


def loaded(names: tuple[str, ...], *arguments: str) -> str:
    """Which of these modules are loaded when a command has run, for a user without Dask: xarray loads it if it can."""
    code = (
        f"import sys; sys.modules['dask'] = None; from bayesmix.cli.entry import run; run({[*arguments]!r}); "
        f"print('loaded:', *[name for name in {names!r} if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=200).stdout
    return shown.splitlines()[-1]


def test_a_fit_loads_no_more_than_it_needs(folder):
    command = ["fit", "faithful.csv", "-k", "2", "-q", "--seed", "1", "-o", "l.csv"]
    others = [where for where in FAMILIES.values() if where != FAMILIES["Gaussian"]]
    heavy = ("arviz", "scipy.fft", "scipy.optimize", *FOR_NUTS, *FOR_NONE, *others)
    assert loaded(heavy, *command, "--method", "em") == "loaded:"
    assert loaded(FOR_NONE, *command) == "loaded:"


def test_a_refusal_loads_pandas_at_most(folder):
    (folder / "spoilt.csv").write_text("a,b\n1,2\n2,?\n4,7\n5,1\n")
    assert loaded((*REFUSED, "pandas"), "fit", "spoilt.csv", "-k", "2") == "loaded: pandas"
    for arguments in (["fit", "nothing.csv", "-k", "2"], ["fit", "faithful.csv"], ["predict", "faithful.csv", "f.nc"]):
        assert loaded((*REFUSED, "pandas"), *arguments) == "loaded:"
