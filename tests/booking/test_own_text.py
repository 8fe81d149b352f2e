"""Texts of people in mails: what is replaced, what becomes a link, and what is refused."""

from __future__ import annotations

import pytest

from booking.own_text import as_html, as_plain, check_line, check_text
from common.errors import InvalidInput

VALUES = {"name": "https://evil.example", "title": "<i>Call</i> {{ name }}"}


def test_placeholders_are_replaced_once():
    assert as_plain("{{name}}, {{ title }}", VALUES) == (
        "https://evil.example, <i>Call</i> {{ name }}"
    )


def test_html_is_escaped_and_only_the_texts_own_addresses_are_links():
    text = 'See (https://finch.example/a?b=1&c="d), {{ name }}\n{{ title }} <3'
    assert as_html(text, VALUES) == (
        'See (<a href="https://finch.example/a?b=1&amp;c=" '
        'style="color:#025f70;text-decoration:underline">'
        "https://finch.example/a?b=1&amp;c=</a>&quot;d), https://evil.example<br>"
        "&lt;i&gt;Call&lt;/i&gt; {{ name }} &lt;3"
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{{ nmae }}", "{{ nmae }} is not known here. There are: {{ name }}, "),
        ("{{ name.__class__ }}", "{{ name.__class__ }} is not known here."),
        ("{{ name|safe }}", "{{ name|safe }} is not known here."),
        ("{% include 'x' %}", "two braces"),
        ("{{ name", "two braces"),
        ("<script>", "plain text"),
        ("javascript:alert(1)", "https://"),
        ("ftp://files.example", "https://"),
        ("https://user:pass@finch.example", "whole links"),
        ("https://f\u0456nch.example", "whole links"),
        ("https://finch.example/{{ name }}", "placeholder"),
        ("a\u202eb", "plain text"),
        ("x" * 101, "100 characters"),
    ],
)
def test_what_would_mislead_is_refused_at_its_field(text, words):
    with pytest.raises(InvalidInput) as refused:
        check_text(text, "opening", 100)
    assert refused.value.field == "opening"
    assert words in refused.value.message


@pytest.mark.parametrize("text", ["a\nBcc: x@y.example", "a\rb", "{{ x }}", "x" * 101])
def test_a_line_is_one_line(text):
    with pytest.raises(InvalidInput):
        check_line(text, "subject", 100)


@pytest.mark.parametrize("word", ["Transcript: to follow", "Postscript: bring tea"])
def test_a_word_that_ends_like_a_scheme_is_a_word(word):
    assert check_text(word, "opening", 100) == word
