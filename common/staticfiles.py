"""How our scripts and styles are kept for production: under names that change with what is in them,
each module under one name only, without what only their readers here need."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from django.core.files.base import ContentFile
from whitenoise.storage import CompressedManifestStaticFilesStorage

if TYPE_CHECKING:
    from django.core.files.base import File

OURS: Final = ("css/", "js/")
_PACKED: Final = (".css", ".js")
_STRING: Final = r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
# In styles a comment is as good as a blank, and none is needed beside what parts them.
_COMMENT: Final = re.compile(_STRING + r"|/\*.*?\*/", re.DOTALL)
_BLANK: Final = re.compile(_STRING + r"|(?<=[:;,{}])\s+|\s+(?=[{}])")
# In scripts only comments that have their lines to themselves: to tell others from strings and
# regular expressions takes a parser.
_BLOCK: Final = re.compile(r"^[ \t]*/\*(?:(?!\*/).)*\*/[ \t]*\n", re.MULTILINE | re.DOTALL)
_LINE: Final = re.compile(r"^[ \t]*//.*\n", re.MULTILINE)
_IMPORTS: Final = (
    r"""(?P<matched>(?P<before>\b(?:from|import)\s*\(?\s*")(?P<url>\./[^"]+\.js))""",
    "%(before)s%(url)s",
)


def packed(name: str, text: str) -> str:
    """A script or a style as it is sent."""
    if name.endswith(".css"):
        bare = _COMMENT.sub(lambda found: found[1] or " ", text)
        return _BLANK.sub(r"\1", bare).strip()
    return _LINE.sub("", _BLOCK.sub("", text)) if name.endswith(".js") else text


class PackedStaticFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # no types
    """WhiteNoise's, for modules that import each other.

    An import of a plain name would fetch a module again that the page had under its hashed one, and
    run it a second time: each press on an hour would be handled twice. Django's own switch for this
    reads the libraries' scripts too, and stumbles over one of them.
    """

    patterns = (*CompressedManifestStaticFilesStorage.patterns, ("js/*.js", (_IMPORTS,)))

    def file_hash(self, name: str | None, content: File[Any] | None = None) -> str:
        """Of what is sent, so that it has another name also when packing makes something else."""
        found: str = super().file_hash(name, content and _sent(name or "", content))
        return found

    def _save(self, name: str, content: File[Any]) -> str:
        kept: str = super()._save(name, _sent(name, content))
        return kept


def _sent(name: str, content: File[Any]) -> File[Any]:
    if not name.startswith(OURS) or not name.endswith(_PACKED):
        return content
    content.seek(0)
    text = content.read()
    plain = text if isinstance(text, str) else text.decode()
    return ContentFile(packed(name, plain).encode())
