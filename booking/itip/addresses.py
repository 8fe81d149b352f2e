"""Mail addresses as calendar messages and headers write them, made comparable."""

from __future__ import annotations

import re
from email.errors import HeaderParseError
from email.header import decode_header
from typing import Final
from urllib.parse import unquote

from common.domains import ascii_domain
from common.mailboxes import mailbox_of

_LONGEST: Final = 320
_LONGEST_HEADER: Final = 40 * _LONGEST
_LOCAL = re.compile(r"[^\s@\"(),:;<>\[\]\\\x00-\x20\x7f-\x9f\ud800-\udfff]{1,64}")
_DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*")
# What is opened and not closed is one piece, so that nothing is looked at more than twice.
_TOKEN = re.compile(
    r'(?P<quoted>"(?:[^"\\]|\\.)*+")|(?P<comment>\((?:[^()\\]|\\.)*+\))|(?P<angle><[^<>"]*>)'
    r'|(?P<comma>,)|(?P<text>[^"(),<>;:]+)'
    r'|(?P<other>"(?:[^"\\]|\\.)*+|\((?:[^()\\]|\\.)*+|.)',
    re.DOTALL,
)
# Codecs whose work is bounded by what they are given; Python knows others that are not.
_CHARSETS: Final = re.compile(
    r"utf-?8|us-ascii|ascii|iso-?8859-\d{1,2}|latin-?1|windows-125\d|cp125\d|utf-16(le|be)?|koi8-[ru]"
    r"|gb2312|gbk|gb18030|big5|shift[_-]jis|euc-(jp|kr)|iso-2022-jp|macintosh",
    re.IGNORECASE,
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_DOTLESS: Final = frozenset({"gmail.com", "googlemail.com"})


def canonical(email: str) -> str:
    """The address in small letters with its domain as IDNA writes it; blank for no mailbox."""
    local, at, domain = email.strip().lower().rpartition("@")
    if not at or len(email) > _LONGEST or not _LOCAL.fullmatch(local):
        return ""
    try:
        dns_name = ascii_domain(domain.rstrip("."))
    except (UnicodeError, ValueError, IndexError):
        return ""
    found = f"{local}@{dns_name}"
    # Written as IDNA writes it, a domain may be several times as long.
    is_one = len(found) <= _LONGEST and _DOMAIN.fullmatch(dns_name) is not None
    return found if is_one else ""


def of_uri(uri: str) -> str:
    """The canonical address of a `mailto:` URI; blank for any other.

    Programs, and examples of RFC 5546, leave out the scheme: such is an address as it stands.
    """
    scheme, colon, rest = uri.strip().partition(":")
    if len(uri) > 3 * _LONGEST or (colon and scheme.lower() != "mailto"):
        return ""
    return canonical(unquote(rest.partition("?")[0])) if colon else canonical(scheme)


def same_mailbox(one: str, other: str) -> bool:
    """Whether mail to both certainly reaches one person; dots mean nothing at Gmail alone."""
    first, second = canonical(one), canonical(other)
    if not first or not second:
        return False
    both_dotless = {first.rpartition("@")[2], second.rpartition("@")[2]} <= _DOTLESS
    return first == second or (both_dotless and mailbox_of(first) == mailbox_of(second))


def parse(values: list[str]) -> list[tuple[str, str]]:
    """Names and canonical addresses of header values, before any encoded word is read.

    So nothing that a display name hides can become an address; what could be read in two ways is
    a blank one. RFC 5322, 3.4.
    """
    return [_mailbox(pieces) for value in values for pieces in _mailboxes(value[:_LONGEST_HEADER])]


def only_one(values: list[str]) -> tuple[str, str]:
    """Name and address of the one mailbox that a header names; blank where it names several.

    Whatever cannot be read beside a mailbox may be one, too: another server may have looked at
    that, and not at the one that is read here.
    """
    found = parse(values)
    is_whole = len(values) == 1 and len(values[0]) <= _LONGEST_HEADER
    return found[0] if is_whole and len(found) == 1 and found[0][1] else ("", "")


def _mailboxes(value: str) -> list[list[tuple[str, str]]]:
    """What stands between the commas of a header, as kinds and texts."""
    found: list[list[tuple[str, str]]] = [[]]
    for hit in _TOKEN.finditer(value):
        kind = str(hit.lastgroup)
        if kind == "comma":
            found.append([])
        elif kind != "comment":
            found[-1].append((kind, hit[0]))
    return [pieces for pieces in found if "".join(text for _, text in pieces).strip()]


def _mailbox(pieces: list[tuple[str, str]]) -> tuple[str, str]:
    kinds = [kind for kind, text in pieces if text.strip()]
    words = "".join(text for kind, text in pieces if kind == "text").strip()
    if "other" in kinds:
        return "", ""
    if "angle" not in kinds:
        return ("", canonical(words)) if set(kinds) == {"text"} else ("", "")
    if kinds.count("angle") > 1 or kinds[-1] != "angle" or "@" in words:
        return "", ""
    name = " ".join(_unquoted(text) for kind, text in pieces if kind in {"text", "quoted"})
    address = next(text for kind, text in pieces if kind == "angle")
    return decoded(name.strip()), canonical(address[1:-1])


def _unquoted(text: str) -> str:
    text = text.strip()
    return _ESCAPED.sub(r"\1", text[1:-1]) if text.startswith('"') else text


def known_charset(name: str) -> str:
    """The charset, if mails may be read by it; else blank."""
    return name if _CHARSETS.fullmatch(name) else ""


def decoded(value: str) -> str:
    """A header's encoded words as text; whatever cannot be read stays as it is."""
    try:
        pieces = decode_header(value)
        return "".join(
            piece
            if isinstance(piece, str)
            else piece.decode(known_charset(charset or "") or "ascii", "replace")
            for piece, charset in pieces
        )
    except (HeaderParseError, LookupError, ValueError):
        return value
