"""Settings that lack a variable, whatever stands in somebody's `.env`."""

from __future__ import annotations

import environ

SECRET_KEY = environ.FileAwareEnv().str("MERIDIAN_VARIABLE_THAT_NOBODY_SETS")
