"""Reports: a result told to people, as one self-contained HTML file or as Markdown."""
