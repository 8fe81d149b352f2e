"""Template tags of the house style: icons of the sprite, form controls, the state of a form."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from django import template
from django.forms.widgets import CheckboxInput, Select, Textarea
from django.template.base import TextNode, Variable, token_kwargs
from django.templatetags.static import static
from django.utils.functional import Promise
from django.utils.html import escape, format_html

if TYPE_CHECKING:
    from django.forms import BaseForm, BoundField
    from django.template.base import FilterExpression, Parser, Token
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
            # Also what a template marks as safe: the same text has to give the same icon, for
            # whatever asks first is kept.
            escape(label),
            href,
            name,
        )
    return format_html(
        '<svg class="{}" aria-hidden="true"><use href="{}#i-{}"/></svg>', classes, href, name
    )


class _IconNode(template.Node):
    """An icon whose name, size or label is known when the page is drawn."""

    def __init__(self, args: list[FilterExpression], kwargs: dict[str, FilterExpression]) -> None:
        self.args = args
        self.kwargs = kwargs

    def render(self, context: template.Context) -> str:
        args = [str(one.resolve(context)) for one in self.args]
        return icon_markup(
            *args, **{k: str(one.resolve(context)) for k, one in self.kwargs.items()}
        )


@register.tag
def icon(parser: Parser, token: Token) -> template.Node:
    """`{% icon "x" %}`, `{% icon "lock" "s push" label="On the Advanced plan" %}`.

    Nearly all are the same on every page, so those are text as soon as the template is read: the
    frame of a page alone has some fifty.
    """
    args, kwargs = [], {}
    for bit in token.split_contents()[1:]:
        if named := token_kwargs([bit], parser):
            kwargs.update(named)
        else:
            args.append(parser.compile_filter(bit))
    node = _IconNode(args, kwargs)
    if any(map(_may_differ, (*args, *kwargs.values()))):
        return node
    return TextNode(node.render(template.Context()))


def _may_differ(part: FilterExpression) -> bool:
    """Whether it says one thing on one page and another on the next."""
    return bool(part.filters) or isinstance(part.var, Variable | Promise)


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
