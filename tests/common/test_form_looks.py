"""How a form field reads to eye and ear, what the error summary says, and the icons."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django import forms
from django.conf import settings
from django.template import Context, Template
from django.template.loader import render_to_string

from common.templatetags.meridian import faults, icon_markup

SPRITE = (Path(settings.BASE_DIR) / "static" / "icons.svg").read_text()


class GuestForm(forms.Form):
    email = forms.EmailField(label="E-mail", help_text="Nowhere else.")
    note = forms.CharField(required=False, widget=forms.Textarea(attrs={"placeholder": "Note"}))
    day = forms.ChoiceField(choices=[("1", "Monday"), ("2", "Tuesday")])
    scope = forms.ChoiceField(choices=[("1", "This"), ("2", "All")], widget=forms.RadioSelect)
    private = forms.BooleanField(required=False)
    token = forms.CharField(widget=forms.HiddenInput)

    def clean(self):
        if self.data.get("note") == "late":
            raise forms.ValidationError("Someone just took 11:00.")


def tag(html: str, name: str) -> str:
    """The start tag of the control with that name."""
    return re.search(rf'<(?:input|select|textarea)[^>]*name="{name}"[^>]*>', html)[0]


def test_field_with_a_hint_is_described_by_it():
    html = GuestForm()["email"].as_field_group()
    assert 'aria-describedby="id_email_helptext"' in tag(html, "email")
    assert '<div class="hint" id="id_email_helptext">Nowhere else.</div>' in html


def test_error_stands_in_the_hints_place_and_is_announced():
    html = GuestForm({"email": "orla@"})["email"].as_field_group()
    assert 'aria-describedby="id_email_error"' in tag(html, "email")
    assert 'aria-invalid="true"' in tag(html, "email")
    assert 'id="id_email_error"' in html
    assert "Nowhere else." not in html
    assert 'value="orla@"' in tag(html, "email")


@pytest.mark.parametrize(
    ("name", "wanted"), [("email", "input"), ("note", "textarea"), ("day", "select")]
)
def test_control_wears_the_class_of_its_kind(name, wanted):
    assert f'class="{wanted}"' in tag(GuestForm()[name].as_field_group(), name)


def test_optional_is_said_and_required_is_not():
    form = GuestForm()
    assert "optional" in form["note"].as_field_group()
    assert "optional" not in form["email"].as_field_group()
    assert "optional" not in form["private"].as_field_group()


def test_radios_are_a_fieldset_with_one_label_each():
    html = GuestForm()["scope"].as_field_group()
    assert "<legend>Scope" in html
    assert re.findall(r'<label class="check" for="(id_scope_\d)">', html) == [
        "id_scope_0",
        "id_scope_1",
    ]


def test_bare_control_drops_the_placeholder():
    rendered = Template("{{ field|bare_control }}").render(Context({"field": GuestForm()["note"]}))
    assert "placeholder" not in rendered
    assert 'placeholder="Note"' in GuestForm()["note"].as_field_group()


def test_faults_link_to_fields_and_name_what_belongs_to_none():
    form = GuestForm({"email": "a@b.example", "note": "late", "day": "1"})
    assert faults(form) == [
        ("", "", "Someone just took 11:00."),
        ("id_scope_0", "Scope", "This field is required."),
        ("", "", "This field is required."),
    ]


def test_every_fault_in_the_summary_links_to_an_element_of_the_form():
    form = GuestForm({"note": "late"})
    html = form.as_div()
    targets = re.findall(r'<a href="#([^"]+)">', html)
    assert targets
    assert all(f'id="{target}"' in html for target in targets)


def test_icon_is_decorative_unless_labelled():
    assert 'aria-hidden="true"' in icon_markup("lock")
    labelled = icon_markup("lock", "s push", "On the <Advanced> plan")
    assert 'class="i s push" role="img" aria-label="On the &lt;Advanced&gt; plan"' in labelled


@pytest.mark.parametrize(
    "asked",
    [
        """{% icon "lock" "s push" label="On the <Advanced> plan" %}""",
        """{% icon name "s push" label=label %}""",
        """{% icon name|lower "s push" "On the <Advanced> plan" %}""",
    ],
)
def test_icon_is_the_same_whether_known_early_or_late(asked):
    said = {"name": "lock", "label": "On the <Advanced> plan"}
    icon_markup.cache_clear()  # whichever is asked for first
    assert "&lt;Advanced&gt;" in Template(asked).render(Context(said))
    wanted = icon_markup("lock", "s push", "On the <Advanced> plan")
    assert Template(asked).render(Context(said)) == wanted
    other = Template("{% icon name %}")
    assert other.render(Context({"name": "x"})) != other.render(Context({"name": "lock"}))


def test_every_icon_a_template_asks_for_is_in_the_sprite():
    have = set(re.findall(r'<symbol id="i-([a-z-]+)"', SPRITE))
    asked = {
        name
        for folder in Path(settings.BASE_DIR).glob("**/templates")
        if ".venv" not in folder.parts
        for page in folder.rglob("*.html")
        for name in re.findall(r'{% icon "([a-z-]+)"', page.read_text())
    }
    assert asked
    assert asked - have == set()


@pytest.mark.parametrize("code", ["400", "403", "403_csrf", "404", "500"])
def test_refusal_is_drawn_without_a_request(code):
    page = render_to_string(f"{code}.html")
    assert re.search(r"<h1>[^<]+</h1>\s*<p>[^<]+</p>", page)


def test_no_page_carries_inline_style_or_script():
    """The policy allows neither; mail has its styles in the tags and is no page."""
    folders = [f for f in Path(settings.BASE_DIR).glob("**/templates") if ".venv" not in f.parts]
    guilty = [
        str(page)
        for folder in folders
        for page in folder.rglob("*.html")
        if "mail" not in page.relative_to(folder).parts
        and re.search(
            r"\sstyle=|\son[a-z]+=\"|<style|<script(?![^>]*(src=|json))", page.read_text()
        )
    ]
    assert guilty == []
