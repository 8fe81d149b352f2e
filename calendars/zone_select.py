"""The menu of time zones."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from calendars.phrases import city_of
from workspaces.zones import is_zone, zone_names

if TYPE_CHECKING:
    from collections.abc import Sequence


@cache
def _every_zone() -> SafeString:
    """The long list, written once: as a widget it would take most of the page's time."""
    return format_html_join("", '<option value="{0}">{0}</option>', ((n,) for n in zone_names()))


class ZoneSelect(forms.Select):
    """A person's own zones first, with the chosen one, then every zone there is."""

    own: Sequence[tuple[str, str]] = ()
    # What it says when no zone is chosen; there is no such line when it is blank.
    blank: str = ""

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        own = [("", self.blank), *self.own] if self.blank else list(self.own)
        value = value or ""
        if value and value not in dict(own) and is_zone(str(value)):
            own.append((str(value), city_of(str(value))))
        top = format_html_join(
            "",
            '<option value="{}"{}>{}</option>',
            ((key, SafeString(" selected" if key == value else ""), label) for key, label in own),
        )
        said = format_html_join(" ", '{}="{}"', self.build_attrs(self.attrs, attrs).items())
        return format_html(
            '<select name="{}" {}><optgroup label="Yours">{}</optgroup>'
            '<optgroup label="Every zone">{}</optgroup></select>',
            name,
            said,
            top,
            _every_zone(),
        )
