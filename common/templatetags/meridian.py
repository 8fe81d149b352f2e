"""Template tags of the house style: icons of the sprite, form controls, the state of a form."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from django import template
from django.forms.widgets import CheckboxInput, Select, Textarea
from django.templatetags.static import static
from django.utils.html import format_html

if TYPE_CHECKING:
    from django.forms import BaseForm, BoundField
    from django.utils.safestring import SafeString

register = template.Library()


@cache
def icon_markup(name: str, size: str = "", label: str = "") -> SafeString:
    """One icon of `static/icons.svg` as SVG; decorative unless it is given a label.

    `size` is "" (16 px), "s" (13 px) or "l" (20 px), and may carry further classes. The result is
    kept for the life of the process, because a full week shows hundreds of the same few icons.
    """
    href = static("icons.svg")
    classes = f"i {size}".rstrip()
    if label:
        return format_html(
            '<svg class="{}" role="img" aria-label="{}"><use href="{}#i-{}"/></svg>',
            classes,
            label,
            href,
            name,
        )
    return format_html(
        '<svg class="{}" aria-hidden="true"><use href="{}#i-{}"/></svg>', classes, href, name
    )


@register.simple_tag
def icon(name: str, size: str = "", label: str = "") -> SafeString:
    """`{% icon "x" %}`, `{% icon "lock" "s push" label="On the Advanced plan" %}`."""
    return icon_markup(str(name), str(size), str(label))


@register.filter
def kind(field: BoundField) -> str:
    """How a field is laid out: "check" (one box), "options" (radios, boxes) or "control"."""
    widget = field.field.widget
    if isinstance(widget, CheckboxInput):
        return "check"
    return "options" if widget.use_fieldset and hasattr(widget, "choices") else "control"


@register.filter
def control(field: BoundField) -> SafeString:
    """The field's widget with the house's class.

    The error takes the hint's place, so only one of the two is announced with the field.
    """
    return field.as_widget(attrs=_attrs(field))


@register.filter
def bare_control(field: BoundField) -> SafeString:
    """As `control`, without a placeholder: for forms of others whose placeholder is the label."""
    # Django leaves out an attribute that is False
    return field.as_widget(attrs={**_attrs(field), "placeholder": False})


def _attrs(field: BoundField) -> dict[str, Any]:
    widget = field.field.widget
    attrs: dict[str, Any] = {}
    if kind(field) == "control":
        attrs["class"] = f"{_control_class(field)} {widget.attrs.get('class', '')}".rstrip()
    note = described_by(field)
    if note and not widget.use_fieldset:
        attrs["aria-describedby"] = note
    return attrs


def _control_class(field: BoundField) -> str:
    widget = field.field.widget
    if isinstance(widget, Textarea):
        return "textarea"
    return (
        "select" if isinstance(widget, Select) and not widget.allow_multiple_selected else "input"
    )


@register.filter
def described_by(field: BoundField) -> str:
    """The id of the hint or error below the field, or nothing."""
    if not field.auto_id:
        return ""
    if field.errors:
        return f"{field.auto_id}_error"
    return f"{field.auto_id}_helptext" if field.help_text else ""


@register.filter
def faults(form: BaseForm) -> list[tuple[str, str, str]]:
    """What to put right, for the error summary: (id of the field, its label, what is wrong)."""
    found = [("", "", str(message)) for message in form.non_field_errors()]
    for field in form:
        if field.is_hidden:
            found.extend(("", "", str(message)) for message in field.errors)
        else:
            first = f"{field.auto_id}_0" if kind(field) == "options" else field.auto_id
            target = field.id_for_label or first
            found.extend((target, str(field.label), str(message)) for message in field.errors)
    return found
