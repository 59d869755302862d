"""``python -m benchmarks``: every section, its tables on the screen and the page in the documentation."""

import argparse
import importlib
import time
from pathlib import Path
from types import ModuleType

from benchmarks import environment
from benchmarks.page import PAGE, page_text, section_text, write

# In the order of the page: the short parts, that need a quiet machine, first.
SECTIONS = {
    "limits": "machine_limits",
    "em": "em_iteration",
    "fit": "whole_fit",
    "logp": "log_density",
    "ess": "effective_draws",
    "call": "call_to_result",
    "memory": "memory",
    "pointwise": "pointwise",
    "faithful": "old_faithful",
    "growth": "growth",
}


def measure(section: ModuleType, quick: bool) -> str:
    """One section's text; a section that fails says so in its place and stops no other."""
    try:
        return section_text(section, section.run(quick))
    except Exception as error:  # the figures of the other sections took long to make
        return f"## {section.TITLE}\n\nThis section failed: {type(error).__name__}: {error}"


def main(arguments: list[str] | None = None) -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="bayesmix and its peers, side by side.")
    parser.add_argument("--quick", action="store_true", help="about three minutes: fewer rounds, sizes and peers")
    parser.add_argument(
        "--only", action="append", choices=list(SECTIONS), help="one section; may be given several times"
    )
    parser.add_argument(
        "--output", type=Path, help="where to write the page (by default the documentation's; with --only nowhere)"
    )
    given = parser.parse_args(arguments)

    environment.settle()
    from threadpoolctl import threadpool_limits

    from benchmarks import machine

    described = machine.table()
    print(described.markdown(), end="\n\n", flush=True)
    parts = []
    with threadpool_limits(1):
        for name in given.only or SECTIONS:
            began = time.perf_counter()
            section = importlib.import_module(f"benchmarks.sections.{SECTIONS[name]}")
            parts.append(measure(section, given.quick))
            print(f"{parts[-1]}\n\n({name}: {time.perf_counter() - began:.0f} s)\n", flush=True)
    path = given.output or (None if given.only else PAGE)
    if path is not None:
        write(page_text(parts, described, given.quick), path)
        print(f"written to {path}")


if __name__ == "__main__":
    main()
