"""allauth's own forms in our words; not in `forms`, which allauth reads while it makes these."""

from __future__ import annotations

from typing import Any

from allauth.account import forms as theirs

EMAIL = "E-mail"
PASSWORD_HINT = "At least 10 characters, not a common password, and not your name or address."  # noqa: S105


class SignIn(theirs.LoginForm):  # type: ignore[misc]  # allauth is not typed
    """Signing in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = EMAIL


class SignUp(theirs.SignupForm):  # type: ignore[misc]  # allauth is not typed
    """Signing up; the rules for a password as one sentence."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = EMAIL
        self.fields["password1"].help_text = PASSWORD_HINT


class ResetPassword(theirs.ResetPasswordForm):  # type: ignore[misc]  # allauth is not typed
    """Asking for the mail that sets a new password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = EMAIL


class ResetPasswordKey(theirs.ResetPasswordKeyForm):  # type: ignore[misc]  # allauth is not typed
    """Setting the new password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].help_text = PASSWORD_HINT
