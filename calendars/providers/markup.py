"""Descriptions as providers hold them, HTML of any kind or plain text, in a few tags or as words.

Read in one pass whose cost grows with the length and nothing else, so that no text can hold a page
up: tags that are not understood are left out, what is no tag is escaped. What is shown goes through
nh3 besides, which parses as browsers do.
"""

from __future__ import annotations

import re
from html import escape, unescape
from typing import Final

import nh3

LONGEST: Final = 100_000
DEEPEST: Final = 8
_MARKUP: Final = re.compile(
    r"</?(?:a|b|i|u|s|p|br|em|strong|strike|del|div|span|ul|ol|li|table|html|body|font|h[1-6])\b",
    re.IGNORECASE,
)
# No part of it can be read twice: a tag ends at the next sign of either kind, and what was taken as
# its name is not tried as anything else.
_TOKEN: Final = re.compile(r"<!--|<(/?)([A-Za-z][A-Za-z0-9]*+)([^<>]*+)>|<[!?/][^<>]*+>")
_HREF: Final = re.compile(
    r"""(?:^|\s)href\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE
)
_SPACE: Final = re.compile(r"[ \t\r\n\f\xa0]+")
_LINE: Final = re.compile(r"\r\n?|\n")
_BLOCK_TAG: Final = re.compile(r"<(?:p|div|br|ul|ol|li|table|tr|h[1-6])\b", re.IGNORECASE)
_RICH: Final = re.compile(r"<(?:b|i|u|s|ul|ol)>")
_LINK: Final = re.compile(r'<a href="([^"]*)">((?:(?!</a>).)*)</a>')
_TAG: Final = re.compile(r"<[^>]*>")
_BLANK_LINES: Final = re.compile(r"\n{3,}")
_CONTROLS: Final = re.compile(r"[\x00-\x20\x7f]+")
_ADDRESS: Final = re.compile(r"https?://[^\s<>\"'`\u201c\u201d]+", re.IGNORECASE)
_CLOSING: Final = ".,;:!?)]}"

_INLINE: Final = {
    "b": "b", "strong": "b", "i": "i", "em": "i", "u": "u", "ins": "u", "s": "s", "del": "s",
    "strike": "s", "h1": "b", "h2": "b", "h3": "b", "h4": "b", "h5": "b", "h6": "b", "th": "b",
}  # fmt: skip
_PARAGRAPHS: Final = frozenset(
    {"p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "table", "hr"}
)
_LINES: Final = frozenset({"div", "tr", "section", "article", "header", "footer", "dt", "dd"})
_SILENT: Final = frozenset(
    {
        "script", "style", "head", "title", "template", "svg", "math", "iframe", "object", "embed",
        "noscript", "textarea", "select", "option", "xmp", "noembed", "noframes", "plaintext",
        "canvas", "audio", "video",
    }
)  # fmt: skip
_SCHEMES: Final = ("http://", "https://", "mailto:")
TAGS: Final = {"p", "br", "b", "i", "u", "s", "ul", "ol", "li", "a"}


def is_markup(raw: str) -> bool:
    """Whether a text is HTML. Providers hold either and do not say which."""
    return bool(_MARKUP.search(raw))


def flat(raw: str, *, links: bool = False) -> str:
    """HTML in a few tags: paragraphs, lines, bold, italic, underline, strike, lists, links.

    With `links` web addresses in the words become links too.
    """
    return _Flattener(links=links).read(raw[:LONGEST])


def is_rich(raw: str) -> bool:
    """Whether a text has formatting that plain words would lose."""
    return is_markup(raw) and _has_formatting(flat(raw))


def compact(raw: str) -> str:
    """The flat HTML where there is formatting, else the words."""
    if not is_markup(raw):
        return raw.strip()
    html = flat(raw)
    return html if _has_formatting(html) else _words(html)


def as_text(raw: str) -> str:
    """The words of a description; the address of a link follows its own words."""
    return _words(flat(raw)) if is_markup(raw) else raw.strip()


def safe(html: str) -> str:
    """The HTML with nothing in it that could do harm; links open elsewhere and tell nothing."""
    return nh3.clean(
        html,
        tags=TAGS,
        clean_content_tags=set(),
        attributes={"a": {"href"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )


def _has_formatting(html: str) -> bool:
    if _RICH.search(html):
        return True
    return any(unescape(href) != unescape(words) for href, words in _LINK.findall(html))


def _words(html: str) -> str:
    """The words of flat HTML."""
    text = _LINK.sub(_with_address, html)
    for tag, sign in (("<br>", "\n"), ("</p>", "\n\n"), ("<li>", "\n• "), ("</ul>", "\n\n"),
                      ("</ol>", "\n\n")):  # fmt: skip
        text = text.replace(tag, sign)
    text = unescape(_TAG.sub("", text))
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip()


def _with_address(link: re.Match[str]) -> str:
    href, words = link.groups()
    if href.lower().startswith("mailto:") or unescape(href) in unescape(words):
        return words
    return f"{words} {href} "


class _Flattener:
    """Writes flat HTML while it reads. Formats are closed and opened again around blocks."""

    def __init__(self, *, links: bool) -> None:
        self.links = links
        self.out: list[str] = []
        self.places: list[str] = []  # open p, ul, ol, li
        self.wanted = dict.fromkeys(("b", "i", "u", "s"), 0)
        self.href = ""
        self.open: list[str] = []  # open formats, as their tags
        self.breaks = 0  # line ends before the next words of this block
        self.has_words = False  # whether this block has any
        self.space = False

    def read(self, raw: str) -> str:
        keeps_lines = not _BLOCK_TAG.search(raw)
        cursor = 0
        while found := _TOKEN.search(raw, cursor):
            self._text(raw[cursor : found.start()], keeps_lines=keeps_lines)
            cursor = found.end()
            if found.group() == "<!--":
                cursor = _after(raw, "-->", cursor)
            elif (tag := (found.group(2) or "").lower()) in _SILENT and not found.group(1):
                cursor = cursor if found.group(3).endswith("/") else _past(raw, tag, cursor)
            elif tag:
                self._tag(tag, found.group(3), closes=bool(found.group(1)))
        self._text(raw[cursor:], keeps_lines=keeps_lines)
        self._end_block()
        while self.places:
            self._close_place()
        return "".join(self.out)

    def _tag(self, tag: str, attributes: str, *, closes: bool) -> None:
        if tag in _PARAGRAPHS:
            self._end_block()
        elif tag in _LINES:
            self.breaks = self.breaks or 1
        elif tag in {"td", "th"}:
            self.space = True
        elif tag == "br":
            self.breaks += 1
        elif tag in {"ul", "ol"}:
            self._end_list() if closes else self._begin_list(tag)
        elif tag == "li":
            self._end_item() if closes else self._begin_item()
        elif tag == "a":
            self.href = "" if closes else _href(attributes)
        kind = _INLINE.get(tag)
        if kind:
            self.wanted[kind] = max(0, self.wanted[kind] + (-1 if closes else 1))

    def _text(self, raw: str, *, keeps_lines: bool) -> None:
        text = unescape(raw).replace("\x00", "")
        if not keeps_lines:
            self._words(text)
            return
        for number, line in enumerate(_LINE.split(text)):
            self.breaks += number > 0
            self._words(line)

    def _words(self, text: str) -> None:
        text = _SPACE.sub(" ", text)
        words = text.strip()
        at_line_start = self.breaks > 0 or not self.has_words
        if not words:
            self.space = self.space or bool(text and not at_line_start)
            return
        needs_space = (self.space or text[0].isspace()) and not at_line_start
        self._begin_words(needs_space=needs_space)
        links = self.links and not self.href
        self.out.append(_linked(words) if links else escape(words, quote=False))
        self.space = text[-1].isspace()

    def _begin_words(self, *, needs_space: bool) -> None:
        if not self.places or self.places[-1] in {"ul", "ol"}:
            self._open_place("li" if self.places else "p")
        formats = [f"a {self.href}"] if self.href else []
        formats += [kind for kind, count in self.wanted.items() if count]
        if formats != self.open or (self.breaks and self.has_words):
            self._close_formats()
        if self.has_words:
            self.out.append("<br>" * min(self.breaks, 2))
        if needs_space:
            self.out.append(" ")
        if formats != self.open:
            self.out += [f'<a href="{escape(self.href)}">' if one[0:2] == "a " else f"<{one}>"
                         for one in formats]  # fmt: skip
            self.open = formats
        self.breaks, self.has_words = 0, True

    def _close_formats(self) -> None:
        self.out += [f"</{one[0]}>" for one in reversed(self.open)]
        self.open = []

    def _end_block(self) -> None:
        """What follows stands in a paragraph of its own, or on a line of its own in a list."""
        self._close_formats()
        if self.places and self.places[-1] == "p":
            self._close_place()
        elif self.has_words:
            self.breaks = self.breaks or 1
        self.space = False

    def _open_place(self, tag: str) -> None:
        self.places.append(tag)
        self.out.append(f"<{tag}>")
        self.breaks, self.has_words, self.space = 0, False, False

    def _close_place(self) -> None:
        self._close_formats()
        self.out.append(f"</{self.places.pop()}>")
        self.breaks, self.has_words, self.space = 0, False, False

    def _begin_list(self, tag: str) -> None:
        self._end_block()
        if len(self.places) >= 2 * DEEPEST:
            return
        if self.places and self.places[-1] in {"ul", "ol"}:
            self._open_place("li")
        self._open_place(tag)

    def _begin_item(self) -> None:
        self._end_block()
        if not self.places:
            self._open_place("ul")
        self._end_item()
        if self.places[-1] in {"ul", "ol"}:
            self._open_place("li")

    def _end_item(self) -> None:
        self._end_block()
        if self.places and self.places[-1] == "li":
            self._close_place()

    def _end_list(self) -> None:
        self._end_item()
        if self.places:
            self._close_place()


def _after(raw: str, sign: str, cursor: int) -> int:
    """Just after the sign; the end where there is none."""
    found = raw.find(sign, cursor)
    return len(raw) if found < 0 else found + len(sign)


def _past(raw: str, tag: str, cursor: int) -> int:
    """Just after the element, which says nothing; the end where it does not close."""
    # Not in a lower-cased copy: some letters grow there, and every place after them moves.
    found = re.compile(f"</{tag}", re.IGNORECASE).search(raw, cursor)
    return _after(raw, ">", found.start()) if found else len(raw)


def _href(attributes: str) -> str:
    """The address of a link, if it is one that may be followed."""
    found = _HREF.search(attributes)
    raw = next((part for part in found.groups() if part is not None), "") if found else ""
    address = _CONTROLS.sub("", unescape(raw))
    return address if address.lower().startswith(_SCHEMES) else ""


def _linked(words: str) -> str:
    """The words escaped, web addresses in them as links."""
    pieces: list[str] = []
    cursor = 0
    for found in _ADDRESS.finditer(words):
        address = found.group().rstrip(_CLOSING)
        shown = escape(address)
        pieces += [escape(words[cursor : found.start()], quote=False)]
        pieces += [f'<a href="{shown}">{escape(address, quote=False)}</a>']
        cursor = found.start() + len(address)
    return "".join([*pieces, escape(words[cursor:], quote=False)])
