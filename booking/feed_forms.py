"""The form behind the address of a calendar feed."""

from __future__ import annotations

from django import forms

from booking.enums import FeedDetail

_HINTS = {
    FeedDetail.TIMES: "When, and nothing else: for showing others when there is no time.",
    FeedDetail.DETAILS: "Title, the booker's name, the place, and a link to the meeting in "
    "Meridian, which asks to sign in.",
    FeedDetail.LINKS: "And how guests join. Whoever gets hold of the address can join, too.",
}


class FeedForm(forms.Form):
    """How much the feed tells."""

    detail = forms.ChoiceField(
        label="What the calendar tells",
        choices=[(one.value, f"{one.label}. {_HINTS[one]}") for one in FeedDetail],
        initial=FeedDetail.DETAILS,
        widget=forms.RadioSelect,
        help_text="What bookers wrote, their addresses and their phone numbers are never in it.",
        error_messages={"required": "Choose what the calendar tells."},
    )
