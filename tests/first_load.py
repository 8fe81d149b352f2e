"""What the first load of a page weighs: itself, and all it asks for before a hand is on it."""

from __future__ import annotations

import gzip
import re
from typing import NamedTuple
from urllib.parse import urljoin

# The page comes from Django as it is and is packed on the way, as proxies do unless told otherwise.
PROXY_LEVEL = 6
_TAG = re.compile(r"<(script|link|use|img|source|iframe)\b([^>]*)>")
_ADDRESS = re.compile(r'\b(?:src|href)="([^"#]+)')
_RELATION = re.compile(r'\brel="(?:stylesheet|icon|modulepreload|preload)"')
_IMPORTS = re.compile(r'^(?:import|export)\b[^"\n]*"(\./[^"]+\.js)"', re.MULTILINE)
_IN_STYLES = re.compile(r'(?:url\(|@import )\s*["\']?([^"\')]+)')


class Sent(NamedTuple):
    """An answer: its body as it went over the line, and whether that was packed."""

    body: bytes
    is_packed: bool

    @property
    def plain(self) -> str:
        return (gzip.decompress(self.body) if self.is_packed else self.body).decode()


def first_load(address, get):
    """The bytes of each address that a browser with nothing kept asks for; `get` gives a Sent."""
    page = get(address)
    weights = {address: len(gzip.compress(page.body, PROXY_LEVEL))}
    wanted = asked_by_page(page.plain)
    while wanted:
        one = wanted.pop()
        if one in weights:
            continue
        file = get(one)
        weights[one] = len(file.body)
        if one.endswith(".js"):
            wanted += [urljoin(one, name) for name in _IMPORTS.findall(file.plain)]
        elif one.endswith(".css"):
            names = _IN_STYLES.findall(file.plain)
            wanted += [urljoin(one, name) for name in names if not name.startswith(("data:", "#"))]
    return weights


def asked_by_page(page):
    return [
        address
        for tag, attributes in _TAG.findall(page)
        if tag != "link" or _RELATION.search(attributes)
        for address in _ADDRESS.findall(attributes)
        if not address.startswith("data:")
    ]
