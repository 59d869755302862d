"use strict";
// Sort a table by the column whose heading is pressed: first up, then down. What is no number
// comes last among numbers.
for (const table of document.querySelectorAll("table.sortable")) {
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => {
    heading.querySelector("button").addEventListener("click", () => {
      const ascending = heading.getAttribute("aria-sort") !== "ascending";
      const body = table.tBodies[0];
      const keyed = [...body.rows].map((row) => [row.cells[column].dataset.sort, row]);
      const numeric = keyed.some(([key]) => key !== "" && Number.isFinite(Number(key)));
      const last = (key) => numeric && !(key !== "" && Number.isFinite(Number(key)));
      keyed.sort(([a], [b]) => {
        if (last(a) || last(b)) return last(a) - last(b);
        const order = numeric ? Number(a) - Number(b) : a.localeCompare(b);
        return ascending ? order : -order;
      });
      body.append(...keyed.map(([, row]) => row));
      headings.forEach((other) => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", ascending ? "ascending" : "descending");
    });
  });
}
