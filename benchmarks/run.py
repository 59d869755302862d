"""Every section, its tables on the screen and the page in the documentation."""

import argparse
import importlib
import json
import time
from types import ModuleType
from typing import Any

from threadpoolctl import threadpool_limits

from benchmarks.page import PAGE, RECORDS, page_text, read_records, record_of, summary, write

# In the order of the page: the short parts, that need a quiet machine, first.
SECTIONS = {
    "machine": "machine",
    "limits": "machine_limits",
    "em": "em_iteration",
    "fit": "whole_fit",
    "logp": "log_density",
    "ess": "effective_draws",
    "many": "many_unknowns",
    "call": "call_to_result",
    "memory": "memory",
    "large": "large_data",
    "pointwise": "pointwise",
    "loo": "leave_one_out",
    "faithful": "old_faithful",
    "growth": "growth",
    "components": "many_components",
    "sweep": "gibbs_sweep",
    "walk": "gibbs_draws",
    "groups": "groups",
}


def measure(section: ModuleType, quick: bool) -> dict[str, Any]:
    """One section's record; a section that fails says so in its place and stops no other."""
    try:
        return record_of(section, section.run(quick), quick)
    except Exception as error:  # the figures of the other sections took long to make
        return {"title": section.TITLE, "text": f"This section failed: {type(error).__name__}: {error}", "figures": []}


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, and write every section when it is there."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="bayesmix and its peers, side by side.")
    parser.add_argument("--quick", action="store_true", help="about three minutes: fewer rounds, sizes and peers")
    parser.add_argument(
        "--only", action="append", choices=list(SECTIONS), help="one section; may be given several times"
    )
    parser.add_argument("--dry", action="store_true", help="print only, and leave the documentation as it is")
    given = parser.parse_args(arguments)

    records = {} if given.dry else read_records()
    with threadpool_limits(1):
        for name in given.only or SECTIONS:
            began = time.perf_counter()
            section = importlib.import_module(f"benchmarks.sections.{SECTIONS[name]}")
            records[name] = measure(section, given.quick)
            title, text = records[name]["title"], records[name]["text"]
            print(f"## {title}\n\n{text}\n\n({name}: {time.perf_counter() - began:.0f} s)\n", flush=True)
            records = {name: records[name] for name in SECTIONS if name in records}
            if not given.dry:
                write(json.dumps(records, indent=1, ensure_ascii=False) + "\n", RECORDS)
                write(page_text(records.values()), PAGE)
    print(summary(records.values()))
