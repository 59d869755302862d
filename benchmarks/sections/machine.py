"""What the figures were measured on and with.

On another processor they are others: where registers are half as wide, kernels with many features and BLAS both take up
to twice as long, and ratios move by a tenth to a third either way.
"""

import os
import platform
import re
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from threadpoolctl import threadpool_info

from bayesmix.passes.registers import WIDTH
from benchmarks.tables import Table

TITLE = "The machine"
PACKAGES = (
    *("bayesmix", "numpy", "scipy", "numba", "llvmlite", "scikit-learn", "pymc", "pytensor", "nutpie", "arviz"),
    *("jax", "jaxlib", "numpyro", "pystan", "httpstan"),
)


def processor() -> str:
    """The processor's name, with its family where the name is short of one."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor() or platform.machine()
    found = {
        name: re.search(rf"^{name}\s*:\s*(.+)$", text, re.MULTILINE) for name in ("model name", "cpu family", "model")
    }
    words = {name: match[1] for name, match in found.items() if match}
    family = f" (family {words['cpu family']}, model {words['model']})" if "cpu family" in words else ""
    return words.get("model name", platform.machine()) + family


def blas_kernels() -> str:
    """For which processor the loaded BLAS libraries have chosen their kernels."""
    found = {library["architecture"] for library in threadpool_info() if "architecture" in library}
    return ", ".join(sorted(found)) or "unknown"


def r_versions() -> str:
    """R and mclust, if they are there."""
    if shutil.which("Rscript") is None:
        return "not installed"
    code = 'cat(R.version$major, ".", R.version$minor, sep=""); cat(", mclust", as.character(packageVersion("mclust")))'
    done = subprocess.run(["Rscript", "-e", code], capture_output=True, text=True, check=False)
    return done.stdout.strip() or "without mclust"


def installed(package: str) -> str:
    """Its version, or that it is missing."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def run(quick: bool) -> list[Table]:
    """Processor, cores, versions: no names, no paths."""
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    rows = [
        ("processor", processor()),
        ("registers that bayesmix uses", f"{WIDTH} doubles wide"),
        ("BLAS kernels", blas_kernels()),
        ("cores", str(os.cpu_count())),
        ("system", f"{platform.system()} {platform.machine()}"),
        ("load when the run began", f"{load} (processes that want a core, this one included)"),
        ("Python", platform.python_version()),
        *((package, installed(package)) for package in PACKAGES),
        ("R", r_versions()),
    ]
    return [Table(("what", "which"), rows)]
