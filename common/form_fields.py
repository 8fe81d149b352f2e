"""Fields of forms that several apps have."""

from __future__ import annotations

from typing import Any

from django import forms


class LinesField(forms.CharField):
    """Several lines. Browsers send other line ends than they were given: that is no change."""

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return text.replace("\r\n", "\n") if isinstance(text, str) else text
