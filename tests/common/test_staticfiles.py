"""Scripts and styles as production serves them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

from common import staticfiles
from common.staticfiles import packed
from tests.collected import BACKEND, collect, names_in

SCRIPTS = sorted((settings.BASE_DIR / "static/js").glob("*.js"))
MODULE = re.compile(r'(?:from|import)\s*\(?\s*"(\./[^"]+)"')


def test_production_keeps_them_so():
    source = (settings.BASE_DIR / "config/settings.py").read_text()
    assert f'"{BACKEND}"\n        if STATIC_MANIFEST' in source


def test_module_is_imported_under_the_name_that_pages_ask_for(collected):
    """Under two names it runs twice: one press opened two dialogs, one after the other."""
    names = names_in(collected)
    for name, kept in names.items():
        if not name.endswith(".js"):
            continue
        wanted = MODULE.findall((settings.BASE_DIR / "static" / name).read_text())
        asked = MODULE.findall((collected / kept).read_text())
        assert asked == [f"./{Path(names[f'js/{one[2:]}']).name}" for one in wanted]


def test_scripts_that_import_are_among_them(collected):
    found = {name for name in names_in(collected) if MODULE.search((collected / name).read_text())}
    assert {"js/live.js", "js/dialog.js", "js/forms.js", "js/grid.js"} <= found


def test_what_is_said_to_readers_here_is_not_sent(collected):
    names = names_in(collected)
    assert "/*" not in (collected / names["css/app.css"]).read_text()
    for name, kept in names.items():
        lines = [line.strip() for line in (collected / kept).read_text().splitlines()]
        assert [line for line in lines if line.startswith(("//", "/*"))] == [], name
        assert name.endswith(".css") or len(lines) > 5


def test_what_packing_makes_otherwise_has_another_name(tmp_path, monkeypatch):
    """Browsers keep each name for good."""
    monkeypatch.setattr(staticfiles, "packed", lambda name, text: f"/* anew */\n{text}")
    names = []
    for folder in (tmp_path / "one", tmp_path / "two"):
        collect(folder)
        names.append(names_in(folder))
        monkeypatch.undo()
    assert names[0].keys() == names[1].keys()
    assert not set(names[0].values()) & set(names[1].values())


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("// why\nrun();\n", "run();\n"),
        ("  /* one\n     two */\n  run();\n", "  run();\n"),
        ("/* one */ run();\n/* two */\n", "/* one */ run();\n"),
        ("run(); // why\n", "run(); // why\n"),
        ('const a = "/* b";\nconst c = "*/";\n', 'const a = "/* b";\nconst c = "*/";\n'),
    ],
)
def test_only_comments_with_lines_of_their_own_leave_a_script(text, sent):
    assert packed("js/a.js", text) == sent


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("/* why\n   so */\na > b, c {\n  d: e f;\n}\n", "a > b,c{d:e f;}"),
        ("a { margin: 0/* x */auto; }", "a{margin:0 auto;}"),
        ('a { content: "/* b: {  } */"; }', 'a{content:"/* b: {  } */";}'),
        ("a { content: 'it\\'s: { '; } /* don't */ b { }", "a{content:'it\\'s: { ';}b{}"),
        (
            "@media (max-width: 1px) { a :is(b, c):hover { } }",
            "@media (max-width:1px){a :is(b,c):hover{}}",
        ),
        ("a { width: calc(1px + 2px); }", "a{width:calc(1px + 2px);}"),
    ],
)
def test_style_loses_what_it_does_not_need(text, sent):
    assert packed("css/a.css", text) == sent


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_no_text_of_a_script_goes_over_several_lines(path):
    """A line of it could look like a comment."""
    odd = [line for line in path.read_text().splitlines() if line.count("`") % 2]
    assert odd == []
