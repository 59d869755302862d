"""``python -m benchmarks``: every section, its tables on the screen and the page in the documentation."""

import argparse
import importlib
import time
from pathlib import Path
from types import ModuleType

from benchmarks import environment
from benchmarks.page import PAGE, section_text, with_sections, write

# In the order of the page: the short parts, that need a quiet machine, first.
SECTIONS = {
    "machine": "machine",
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
        return section_text(section, section.run(quick), quick)
    except Exception as error:  # the figures of the other sections took long to make
        return f"## {section.TITLE}\n\nThis section failed: {type(error).__name__}: {error}"


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, and write every section when it is there."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="bayesmix and its peers, side by side.")
    parser.add_argument("--quick", action="store_true", help="about three minutes: fewer rounds, sizes and peers")
    parser.add_argument(
        "--only", action="append", choices=list(SECTIONS), help="one section; may be given several times"
    )
    parser.add_argument("--output", type=Path, default=PAGE, help="the page (by default the documentation's)")
    given = parser.parse_args(arguments)

    environment.settle()
    from threadpoolctl import threadpool_limits

    modules = {name: importlib.import_module(f"benchmarks.sections.{module}") for name, module in SECTIONS.items()}
    order = [module.TITLE for module in modules.values()]
    with threadpool_limits(1):
        for name in given.only or SECTIONS:
            began = time.perf_counter()
            text = measure(modules[name], given.quick)
            print(f"{text}\n\n({name}: {time.perf_counter() - began:.0f} s)\n", flush=True)
            page = given.output.read_text(encoding="utf-8") if given.output.exists() else ""
            write(with_sections(page, {modules[name].TITLE: text}, order), given.output)
    print(f"written to {given.output}")


if __name__ == "__main__":
    main()
