"""Standard streams that are closed, and a width that is none: the work is done, and what can be said is said."""

import os
import subprocess
import sys

import pytest

import bayesmix as bm

COMMAND = f'"{sys.executable}" -m bayesmix fit faithful.csv --components 2 --method em --output fit.nc'
OF_A_SHELL = pytest.mark.skipif(sys.platform == "win32", reason="closed by the notation of a POSIX shell")


@OF_A_SHELL
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_costs_only_what_it_would_have_shown(closed, folder):
    done = subprocess.run(["sh", "-c", f"{COMMAND} {closed}"], capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    assert bm.load("fit.nc").posterior.sizes["component"] == 2
    assert ("share of all" in done.stdout) == (">&-" not in closed.replace("2>&-", ""))
    assert ("Fitting" in done.stderr) == ("2>&-" not in closed)


OTHERS = {
    "compare": "compare faithful.csv --components 1:2 --method em --output out.html",
    "predict": "predict fit.nc faithful.csv --output out.csv",
    "demo": "demo --output out.html",
}


@pytest.mark.gate
@OF_A_SHELL
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name == "demo" else ()) for name in OTHERS]
)
def test_other_commands_write_where_all_streams_are_closed(name, folder):
    if name == "predict":
        bm.save(bm.Mixture(2).fit_em(bm.datasets.load_faithful(), random_seed=1), "fit.nc")
    command = f'"{sys.executable}" -m bayesmix {OTHERS[name]} <&- >&- 2>&-'
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=200)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (folder / OTHERS[name].split()[-1]).stat().st_size > 1000


@pytest.mark.parametrize("columns", ["0", "wide", "-1"])
def test_a_width_that_is_none_is_no_width(columns, folder):
    done = subprocess.run(
        [sys.executable, "-m", "bayesmix", "--help"],
        env={**os.environ, "COLUMNS": columns, "LINES": columns},
        capture_output=True,
        text=True,
        timeout=200,
        check=True,
    )
    assert "Usage" in done.stdout
