"""What others wrote, made safe to show."""

from __future__ import annotations

import pytest

from calendars.prose import as_safe_html, as_text


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("plain words", "plain words"),
        ("a < b and b > c", "a < b and b > c"),
        ("line one\nline two", "line one\nline two"),
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("One<br>Two", "One\nTwo"),
        ("<ul><li>One</li><li>Two</li></ul>", "• One\n• Two"),
        ("<p>Fish &amp; chips</p>", "Fish & chips"),
        ("<p>x</p><script>steal()</script><style>p{}</style>", "x"),
        ('<a href="https://x.example/a">here</a>', "here https://x.example/a"),
        ('<a href="https://x.example/a">https://x.example/a</a>', "https://x.example/a"),
        ('<a href="javascript:steal()">here</a>', "here"),
        ("<p>" + "\n" * 9 + "x</p>", "x"),
        ("", ""),
    ],
)
def test_markup_becomes_words(raw, said):
    assert as_text(raw) == said


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("<script>x</script>", "&lt;script&gt;x&lt;/script&gt;"),
        ("one\ntwo", "one<br>two"),
        ("javascript:alert(1)", "javascript:alert(1)"),
        ("data:text/html,x", "data:text/html,x"),
        ('"quoted" & more', "&quot;quoted&quot; &amp; more"),
    ],
)
def test_words_are_escaped(raw, shown):
    assert as_safe_html(raw) == shown


def link(address, shown=None):
    attributes = 'target="_blank" rel="noopener noreferrer nofollow"'
    return f'<a href="{address}" {attributes}>{shown or address}</a>'


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("see https://x.example/a.", f"see {link('https://x.example/a')}."),
        ("(http://x.example)", f"({link('http://x.example')})"),
        ("https://x.example/?a=1&b=2", link("https://x.example/?a=1&amp;b=2")),
        ('https://x.example/"onclick="y', link("https://x.example/") + "&quot;onclick=&quot;y"),
        ("https://a.example https://b.example",
         f"{link('https://a.example')} {link('https://b.example')}"),
    ],
)  # fmt: skip
def test_web_addresses_become_links_and_nothing_more(raw, shown):
    assert as_safe_html(raw) == shown
