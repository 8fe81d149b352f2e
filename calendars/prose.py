"""What others wrote in an event, made safe to show: markup becomes plain text, addresses links."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

_MARKUP = re.compile(
    r"</?(?:a|b|i|u|p|br|div|span|ul|ol|li|table|html|body|font|h[1-6])\b", re.IGNORECASE
)
_BLOCKS = frozenset({"p", "div", "br", "ul", "ol", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "hr"})
_SILENT = frozenset({"script", "style", "head", "title", "template"})
_ADDRESS = re.compile(r"https?://[^\s<>\"'`\u201c\u201d]+", re.IGNORECASE)
_CLOSING = ".,;:!?)]}"
_BLANK_LINES = re.compile(r"\n{3,}")


def as_text(raw: str) -> str:
    """The words of a description. Providers hold HTML or plain text and do not say which."""
    if not _MARKUP.search(raw):
        return raw.strip()
    reader = _Reader()
    reader.feed(raw)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.said).split("\n"))
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip()


def as_safe_html(raw: str) -> SafeString:
    """The words escaped, line ends kept, and web addresses (http and https only) as links."""
    text = as_text(raw)
    pieces: list[str] = []
    cursor = 0
    for found in _ADDRESS.finditer(text):
        address = found.group().rstrip(_CLOSING)
        pieces.append(escape(text[cursor : found.start()]))
        pieces.append(
            format_html(
                '<a href="{}" target="_blank" rel="noopener noreferrer nofollow">{}</a>',
                address,
                address,
            )
        )
        cursor = found.start() + len(address)
    pieces.append(escape(text[cursor:]))
    # Every piece above went through escape or format_html.
    return mark_safe("".join(pieces).replace("\n", "<br>"))  # noqa: S308


def is_web_address(raw: str) -> bool:
    """Whether it is an http or https address: the only kind a button may lead to."""
    return raw.lower().startswith(("https://", "http://"))


class _Reader(HTMLParser):
    """Collects what a page says, and nothing of how; the address of a link follows its words."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self._silent = 0
        self._link = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent += 1
        elif tag in _BLOCKS:
            self.said.append("\n")
        elif tag == "li":
            self.said.append("\n• ")
        elif tag == "a":
            self._link = dict(attrs).get("href") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag == "a" and self._link:
            if is_web_address(self._link) and self._link not in "".join(self.said[-2:]):
                self.said.append(f" {self._link} ")
            self._link = ""
        elif tag in {"p", "div", "ul", "ol"}:
            self.said.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.said.append(data.replace("\n", " "))
