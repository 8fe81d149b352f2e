"""The booker's form: fixed fields, the link's questions, and the trap for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from booking import booker as rules
from booking.guest_lines import read_guest_lines
from booking.questions import Question, QuestionKind, read_answer
from common.errors import InvalidInput
from common.form_fields import LinesField

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from django.http import QueryDict

ANSWER = "q_"


class DetailsForm(forms.Form):
    """Who books and what they say. Names its fields as the API does, but for `q_` answers."""

    name = forms.CharField(
        label=_("Your name"), widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    email = forms.CharField(
        label=_("E-mail"),
        help_text=_("The confirmation and the calendar file go here, and nowhere else."),
        widget=forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"}),
    )
    message = LinesField(
        label=_("What would you like to talk about?"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    guests = LinesField(
        label=_("Guests"),
        required=False,
        help_text=_(
            "One to a line, a name and an e-mail address or the address alone. They get the "
            "calendar file and every change."
        ),
        widget=forms.Textarea(attrs={"rows": 3, "autocapitalize": "off", "spellcheck": "false"}),
    )
    website = forms.CharField(required=False)

    def __init__(
        self,
        data: Mapping[str, Any] | None,
        *,
        questions: tuple[Question, ...],
        takes_guests: bool = False,
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(data, initial=dict(initial or {}))
        # Of a valid form: the people the booker brings along.
        self.invited: list[dict[str, str]] = []
        self.questions = {f"{ANSWER}{question.key}": question for question in questions}
        for name, question in self.questions.items():
            self.fields[name] = _field_for(question)
            self.fields[name].error_messages["required"] = _("Answer this question.")
        self.fields["name"].error_messages["required"] = _("Add your name.")
        self.fields["email"].error_messages["required"] = _("Add your e-mail address.")
        if not takes_guests:
            del self.fields["guests"]
        self.order_fields(["name", "email", *self.questions, "message", "guests", "website"])

    def clean_name(self) -> str:
        return self._typed("name", rules.clean_name)

    def clean_email(self) -> str:
        return self._typed("email", rules.clean_email)

    def clean_message(self) -> str:
        return self._typed("message", lambda raw: rules.clean_text(raw, "message"))

    def clean_website(self) -> str:
        # People do not see this field; whoever fills it in is a program.
        if self.cleaned_data["website"]:
            raise forms.ValidationError(_("Leave the hidden field empty and send the form again."))
        return ""

    def clean(self) -> dict[str, Any]:
        for name, question in self.questions.items():
            if name in self.cleaned_data:
                try:
                    self.cleaned_data[name] = read_answer(question, self.cleaned_data[name])
                except InvalidInput as error:
                    self.add_error(name, error.message)
        if "guests" in self.cleaned_data:
            try:
                typed, own = self.cleaned_data["guests"], self.cleaned_data.get("email", "")
                self.invited = read_guest_lines(typed, own)
            except InvalidInput as error:
                self.add_error("guests", error.message)
        return self.cleaned_data

    def answers(self) -> dict[str, str]:
        """The answers by question key; only of a valid form."""
        return {
            question.key: self.cleaned_data[name]
            for name, question in self.questions.items()
            if self.cleaned_data[name]
        }

    def visible_typed(self) -> list[forms.BoundField]:
        """Every field a person always sees, in order."""
        return [self[name] for name in self.fields if name not in {"website", "guests"}]

    @property
    def brings_guests(self) -> bool:
        """Whether something was typed, or filled in beforehand, about guests."""
        return "guests" in self.fields and bool(self["guests"].value())

    def _typed(self, name: str, clean: Callable[[str], str]) -> str:
        try:
            return clean(self.cleaned_data[name])
        except InvalidInput as error:
            raise forms.ValidationError(error.message) from error


class WordForm(forms.Form):
    """What a booker says with a change of a meeting."""

    message = LinesField(
        label=_("A word with it"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def clean_message(self) -> str:
        try:
            return rules.clean_text(self.cleaned_data["message"], "message")
        except InvalidInput as error:
            raise forms.ValidationError(error.message) from error


class GuestsForm(forms.Form):
    """Who comes along to a meeting: people to take off it, and people to invite."""

    remove = forms.MultipleChoiceField(
        label=_("Take off"), required=False, widget=forms.CheckboxSelectMultiple
    )
    guests = LinesField(
        label=_("Invite"),
        required=False,
        help_text=_(
            "One to a line, a name and an e-mail address or the address alone. They get the "
            "calendar file and every change."
        ),
        widget=forms.Textarea(attrs={"rows": 3, "autocapitalize": "off", "spellcheck": "false"}),
    )

    def __init__(
        self,
        data: QueryDict | None,
        *,
        guests: Sequence[Mapping[str, str]],
        takes_more: bool,
        booker_email: str,
    ) -> None:
        super().__init__(data)
        self.booker_email = booker_email
        # Of a valid form: the people to invite.
        self.invited: list[dict[str, str]] = []
        named = {
            one["email"]: ", ".join(filter(None, (one.get("name"), one["email"]))) for one in guests
        }
        # Who was taken off by somebody else meanwhile is gone, and that is no fault.
        sent = data.getlist("remove") if data is not None else []
        others = ((one, one) for one in sent if one not in named)
        remove = self.fields["remove"]
        assert isinstance(remove, forms.MultipleChoiceField)
        remove.choices = [*named.items(), *others]
        if not remove.choices:
            del self.fields["remove"]
        if not takes_more:
            del self.fields["guests"]

    def clean(self) -> dict[str, Any]:
        self.cleaned_data.setdefault("remove", [])
        try:
            self.invited = read_guest_lines(self.cleaned_data.get("guests", ""), self.booker_email)
        except InvalidInput as error:
            self.add_error("guests", error.message)
        return self.cleaned_data


def _field_for(question: Question) -> forms.Field:
    if question.kind is QuestionKind.CHOICE:
        return forms.ChoiceField(
            label=question.label,
            required=question.required,
            choices=[(choice, choice) for choice in question.choices],
            widget=forms.RadioSelect(),
        )
    long = question.kind is QuestionKind.LONG
    widget: forms.Widget = forms.Textarea(attrs={"rows": 3}) if long else forms.TextInput()
    if question.kind is QuestionKind.PHONE:
        widget = forms.TextInput(attrs={"type": "tel", "autocomplete": "tel", "inputmode": "tel"})
    return forms.CharField(label=question.label, required=question.required, widget=widget)
