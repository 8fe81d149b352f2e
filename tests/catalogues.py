"""The catalogues of bookers' languages: `make messages` brings them up to date with the code.

What bookers read is found without the gettext tools, so that the suite can say on any machine what
is missing. The compiled files lie beside their sources: a fresh clone needs nothing to speak them.
"""

from __future__ import annotations

import ast
import io
import re
from datetime import UTC, datetime
from pathlib import Path

from babel.messages import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

from booking.languages import ENGLISH, LANGUAGES

ROOT = Path(__file__).resolve().parents[1]
CODES = [language.code for language in LANGUAGES if language.code != ENGLISH]

# What a booker or a client's person can come to read. Staff pages are in English.
TEMPLATES = [
    "booking/templates/booking/public/*.html",
    "booking/templates/booking/mail/confirmation*",
    "booking/templates/booking/mail/change*",
    "booking/templates/booking/mail/ahead*",
    "booking/templates/booking/mail/code*",
    "booking/templates/booking/mail/notice*",
    "booking/templates/booking/mail/clash*",
    "booking/templates/booking/mail/incoming*",
    "booking/templates/booking/mail/undelivered*",
    "calendars/templates/calendars/mail/reconnect*",
    "booking/templates/booking/client/*.html",
    "booking/templates/booking/staff/standing.html",
    "booking/templates/booking/staff/calendars_card.html",
    "booking/templates/booking/staff/hours_card.html",
    "workspaces/templates/workspaces/client_closed.html",
    "workspaces/templates/workspaces/mail/client_invitation*",
    "conferencing/templates/conferencing/join*.html",
    "templates/public.html",
    "templates/error.html",
    "templates/mail/base.txt",
    "templates/partials/error_summary.html",
    "templates/partials/field_note.html",
    "templates/django/forms/*.html",
]
MODULES = [
    "booking/*.py",
    "booking/services/*.py",
    "booking/views/*.py",
    "calendars/sidebar.py",
    "calendars/services/notices.py",
    "common/errors.py",
    "common/mail_trouble.py",
    "common/tracking.py",
    "workspaces/availability.py",
    "workspaces/services/client_access.py",
    "conferencing/telehealth/*.py",
    "conferencing/views/join.py",
]

_SINGLE = {"_", "gettext", "gettext_lazy", "gettext_noop"}
_PLURAL = {"ngettext", "ngettext_lazy"}
_TEXT = r"u?('(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\")"
_IN_TEMPLATE = re.compile(rf"\b(?:gettext|_)\({_TEXT}\)")
_PLURAL_IN_TEMPLATE = re.compile(rf"\bngettext\({_TEXT}, *{_TEXT}")

_NEVER = datetime(2000, 1, 1, tzinfo=UTC)

Message = str | tuple[str, str]


def marked() -> dict[Message, list[str]]:
    """Every text that is marked for translation, with the files it stands in."""
    found: dict[Message, list[str]] = {}
    for patterns, read in ((TEMPLATES, _of_template), (MODULES, _of_module)):
        for pattern in patterns:
            for path in sorted(ROOT.glob(pattern)):
                name = str(path.relative_to(ROOT))
                for message in read(path.read_text(encoding="utf-8")):
                    files = found.setdefault(message, [])
                    if name not in files:
                        files.append(name)
    return found


def po_path(code: str) -> Path:
    return ROOT / "locale" / code / "LC_MESSAGES" / "django.po"


def catalogue(code: str) -> Catalog:
    """What the source of that language says."""
    with po_path(code).open("rb") as file:
        return read_po(file, locale=code)


def compiled(found: Catalog) -> bytes:
    """The catalogue as it lies beside its source; the same texts are always the same bytes."""
    found.creation_date = found.revision_date = _NEVER
    file = io.BytesIO()
    write_mo(file, found)
    return file.getvalue()


def update() -> None:
    """Add what is new, take away what is gone, and compile."""
    wanted = Catalog(fuzzy=False)
    for message, files in sorted(marked().items(), key=lambda pair: (pair[1][0], str(pair[0]))):
        wanted.add(message, locations=[(name, 0) for name in files])
    for code in CODES:
        path = po_path(code)
        path.parent.mkdir(parents=True, exist_ok=True)
        found = catalogue(code) if path.exists() else Catalog(locale=code, fuzzy=False)
        found.update(wanted, no_fuzzy_matching=True, update_creation_date=False)
        found.obsolete.clear()
        kept = Catalog(locale=code, fuzzy=False, header_comment="", charset="utf-8")
        for one in found:
            if one.id:
                kept.add(one.id, one.string, locations=one.locations, flags=one.flags)
        with path.open("wb") as file:
            file.write(_plain_po(kept))
        path.with_suffix(".mo").write_bytes(compiled(catalogue(code)))


def _plain_po(found: Catalog) -> bytes:
    """Without dates, people and line numbers, so that it changes only with the texts."""
    file = io.BytesIO()
    write_po(file, found, width=100, omit_header=True, include_lineno=False)
    header = (
        'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n'
        f'"Language: {found.locale}\\n"\n"Plural-Forms: {found.plural_forms}\\n"\n\n'
    )
    return header.encode() + file.getvalue()


def _of_template(text: str) -> list[Message]:
    source = templatize(text)
    pairs = [(_value(one[1]), _value(one[2])) for one in _PLURAL_IN_TEMPLATE.finditer(source)]
    return [*pairs, *(_value(one[1]) for one in _IN_TEMPLATE.finditer(source))]


def _of_module(text: str) -> list[Message]:
    found: list[Message] = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else ""
            texts = [
                one.value
                for one in node.args
                if isinstance(one, ast.Constant) and isinstance(one.value, str)
            ]
            if name in _SINGLE and texts:
                found.append(texts[0])
            elif name in _PLURAL:
                found.append((texts[0], texts[1]))
    return found


def _value(literal: str) -> str:
    value = ast.literal_eval(literal)
    assert isinstance(value, str)
    return value


if __name__ == "__main__":
    update()
