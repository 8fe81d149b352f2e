"""Reads and fills in the public pages as a browser without scripts would."""

from __future__ import annotations

from html.parser import HTMLParser

from django.urls import reverse

from tests.booking.conftest import NINE


class Page(HTMLParser):
    """Links, fields and buttons of a page."""

    def __init__(self, html):
        super().__init__()
        self.links, self.fields, self.buttons, self.forms = [], {}, [], []
        self.classes, self.tags = [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        has = dict(attrs)
        self.tags.append((tag, has))
        self.classes += has.get("class", "").split()
        if tag == "a":
            self.links.append(has)
        elif tag == "form":
            self.forms.append(has)
        elif tag in {"input", "textarea", "select"} and has.get("name"):
            if has.get("type") != "radio" or "checked" in has:
                self.fields[has["name"]] = has.get("value", "")
        elif tag == "button" and has.get("name"):
            self.buttons.append((has["name"], has.get("value")))

    def slots(self):
        """The addresses of the open times."""
        return [link["href"] for link in self.links if link.get("class") == "slot"]


def read(response):
    return Page(response.content.decode())


def form_url(link, start=NINE, **query):
    page = reverse("booking:book_details", args=[link.slug])
    extra = "".join(f"&{name}={value}" for name, value in query.items())
    return f"{page}?start={start:%Y-%m-%dT%H:%M:%SZ}{extra}"


def open_form(browser, link, start=NINE, **query):
    """The form for that time: where it goes and its fields."""
    response = browser.get(form_url(link, start, **query))
    assert response.status_code == 200, response.content.decode()[:500]
    page = read(response)
    return {"action": page.forms[-1]["action"], "fields": page.fields}


def fill_in(form, **typed):
    return {**form["fields"], **typed}
