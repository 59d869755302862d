"""A page taken apart: its elements, and whether they are balanced."""

from html.parser import HTMLParser

VOID = {"meta", "link", "br", "hr", "img", "input"}


class Page(HTMLParser):
    """Elements as (tag, attributes, text of the element itself), and every mistake."""

    def __init__(self, text: str):
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None], list[str]]] = []
        self.mistakes: list[str] = []
        self._open: list[tuple[str, dict[str, str | None], list[str]]] = []
        self.feed(text)
        self.close()
        self.mistakes += [f"<{tag}> is never closed" for tag, _, _ in self._open]

    def handle_starttag(self, tag, attrs):
        if len({name for name, _ in attrs}) < len(attrs):
            self.mistakes.append(f"<{tag}> repeats an attribute")
        element = (tag, dict(attrs), [])
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs), []))

    def handle_endtag(self, tag):
        if not self._open or self._open[-1][0] != tag:
            self.mistakes.append(f"</{tag}> closes nothing")
            return
        self._open.pop()

    def handle_data(self, data):
        if self._open:
            self._open[-1][2].append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes, _ in self.elements if name == tag]

    def texts(self, tag: str) -> list[str]:
        return ["".join(text).strip() for name, _, text in self.elements if name == tag]

    @property
    def words(self) -> str:
        """What people read."""
        hidden = ("style", "script")
        return "\n".join("".join(text) for tag, _, text in self.elements if tag not in hidden)
