"""Every setting, from the environment. `.env.example` lists the variables with their meaning."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import environ
from csp.constants import NONCE, NONE, SELF
from kombu import Queue

from common.environment import origin_of, parse_keys

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.FileAwareEnv()
if (BASE_DIR / ".env").exists():
    env.read_env(str(BASE_DIR / ".env"))

# --- What kind of installation this is ---
DEBUG = env.bool("DEBUG", default=False)
DEMO = env.bool("DEMO", default=False)
PUBLIC_URL = env.str("PUBLIC_URL", default="http://localhost:8000").rstrip("/")
IS_HTTPS = PUBLIC_URL.startswith("https://")
SECRET_KEY = env.str("SECRET_KEY")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
DATA_DIR = Path(env.str("DATA_DIR", default=str(BASE_DIR / ".data")))

# The vault's key ring: "name:base64 of 32 bytes", the first seals, all unseal.
TOKEN_KEYS: dict[str, str] = parse_keys(env.list("TOKEN_KEYS", default=[]))

INSTALLED_APPS = [
    "common",
    "workspaces",
    "audit",
    "conferencing",
    "calendars",
    "patients",
    "booking",
    "config.apps.MeridianAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.google",
    "allauth.socialaccount.providers.microsoft",
    "allauth.mfa",
    "allauth.usersessions",
    "anymail",
    "csp",
    "django_htmx",
    "django_prometheus",
    "django_structlog",
    "drf_spectacular",
    "rest_framework",
    "template_partials",
]

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "common.middleware.CanonicalHostMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "workspaces.middleware.CurrentWorkspaceMiddleware",
    "common.middleware.CacheAwayMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
APPEND_SLASH = False
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "workspaces.context_processors.shell",
            ],
            "builtins": ["common.templatetags.meridian"],
        },
    }
]
# Django's own form templates are found through the app of that name.
INSTALLED_APPS.append("django.forms")
if DEMO:
    INSTALLED_APPS.append("sandbox")

# --- Database ---
DATABASES: dict[str, Any] = {
    "default": env.db_url("DATABASE_URL", default=f"sqlite:///{BASE_DIR / 'db.sqlite3'}")
}
IS_POSTGRES = DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql"
if IS_POSTGRES:
    DATABASES["default"]["CONN_MAX_AGE"] = 0
    # A round trip each time a connection is taken from the pool; without it each one that the
    # database hung up on, as when it is started anew, is an error page for somebody.
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    DATABASES["default"].setdefault("OPTIONS", {})["pool"] = {
        "min_size": 1,
        "max_size": env.int("DATABASE_POOL_SIZE", default=16),
        "timeout": 20,
    }
    # Statements run often are planned once a connection (see `common.statements`). A pooler that
    # hands one connection to several clients in turn may not stand this.
    DATABASES["default"]["OPTIONS"]["prepare_threshold"] = (
        2 if env.bool("DATABASE_PREPARES", default=True) else None
    )
else:
    # DEFERRED, Django's default, fails at once under threads whatever the timeout says.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
DATABASES["default"]["ATOMIC_REQUESTS"] = False

REDIS_URL = env.str("REDIS_URL", default="")
CACHES: dict[str, Any]
if REDIS_URL:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
            "KEY_PREFIX": "meridian",
            "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 3},
        }
    }
else:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.db.DatabaseCache",
            "LOCATION": "cache_entries",
            # Django's 300 would throw counted limits away under a little traffic.
            "OPTIONS": {"MAX_ENTRIES": 100_000},
        }
    }

# --- People ---
AUTH_USER_MODEL = "workspaces.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_SIGNUP_FORM_CLASS = "workspaces.forms.SignupForm"
ACCOUNT_FORMS = {
    "login": "workspaces.account_forms.SignIn",
    "signup": "workspaces.account_forms.SignUp",
    "reset_password": "workspaces.account_forms.ResetPassword",
    "reset_password_from_key": "workspaces.account_forms.ResetPasswordKey",
}
ACCOUNT_EMAIL_VERIFICATION = env.str("ACCOUNT_EMAIL_VERIFICATION", default="mandatory")
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_ADAPTER = "workspaces.adapter.AccountAdapter"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_CHANGE_EMAIL = True
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
SOCIALACCOUNT_ADAPTER = "workspaces.adapter.SocialAccountAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
USERSESSIONS_TRACK_ACTIVITY = False
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_NAME = "meridian_session"
CSRF_COOKIE_NAME = "meridian_csrf"
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
CSRF_FAILURE_VIEW = "config.views.csrf_failure"

# --- Providers: endpoints, so that a stand-in can take a provider's place ---
GOOGLE_CLIENT_ID = env.str("GOOGLE_CLIENT_ID", default="")
GOOGLE_CLIENT_SECRET = env.str("GOOGLE_CLIENT_SECRET", default="")
GOOGLE_AUTH_URL = env.str("GOOGLE_AUTH_URL", "https://accounts.google.com/o/oauth2/v2/auth")
GOOGLE_TOKEN_URL = env.str("GOOGLE_TOKEN_URL", "https://oauth2.googleapis.com/token")
GOOGLE_REVOKE_URL = env.str("GOOGLE_REVOKE_URL", "https://oauth2.googleapis.com/revoke")
GOOGLE_JWKS_URL = env.str("GOOGLE_JWKS_URL", "https://www.googleapis.com/oauth2/v3/certs")
GOOGLE_ISSUER = env.str("GOOGLE_ISSUER", "https://accounts.google.com")
GOOGLE_API_URL = env.str("GOOGLE_API_URL", "https://www.googleapis.com/calendar/v3")
MICROSOFT_CLIENT_ID = env.str("MICROSOFT_CLIENT_ID", default="")
MICROSOFT_CLIENT_SECRET = env.str("MICROSOFT_CLIENT_SECRET", default="")
MICROSOFT_AUTH_URL = env.str(
    "MICROSOFT_AUTH_URL", "https://login.microsoftonline.com/common/oauth2/v2.0/authorize"
)
MICROSOFT_TOKEN_URL = env.str(
    "MICROSOFT_TOKEN_URL", "https://login.microsoftonline.com/common/oauth2/v2.0/token"
)
MICROSOFT_REVOKE_URL = env.str("MICROSOFT_REVOKE_URL", "")
MICROSOFT_JWKS_URL = env.str(
    "MICROSOFT_JWKS_URL", "https://login.microsoftonline.com/common/discovery/v2.0/keys"
)
MICROSOFT_ISSUER = env.str("MICROSOFT_ISSUER", "https://login.microsoftonline.com/{tenantid}/v2.0")
MICROSOFT_API_URL = env.str("MICROSOFT_API_URL", "https://graph.microsoft.com/v1.0")
ZOOM_CLIENT_ID = env.str("ZOOM_CLIENT_ID", default="")
ZOOM_CLIENT_SECRET = env.str("ZOOM_CLIENT_SECRET", default="")
ZOOM_AUTH_URL = env.str("ZOOM_AUTH_URL", "https://zoom.us/oauth/authorize")
ZOOM_TOKEN_URL = env.str("ZOOM_TOKEN_URL", "https://zoom.us/oauth/token")
ZOOM_REVOKE_URL = env.str("ZOOM_REVOKE_URL", "https://zoom.us/oauth/revoke")
ZOOM_API_URL = env.str("ZOOM_API_URL", "https://api.zoom.us/v2")
LIVEKIT_URL = env.str("LIVEKIT_URL", default="")
LIVEKIT_API_KEY = env.str("LIVEKIT_API_KEY", default="")
LIVEKIT_API_SECRET = env.str("LIVEKIT_API_SECRET", default="")
LIVEKIT_MEETING_URL = env.str("LIVEKIT_MEETING_URL", default="")
CLOSE_API_URL = env.str("CLOSE_API_URL", "https://api.close.com/api/v1")
# Where people look at leads.
CLOSE_APP_URL = env.str("CLOSE_APP_URL", "https://app.close.com").rstrip("/")
RESEND_API_URL = env.str("RESEND_API_URL", "https://api.resend.com/")
RESEND_API_KEY = env.str("RESEND_API_KEY", default="")
RESEND_SIGNING_SECRET = env.str("RESEND_SIGNING_SECRET", default="")
PROVIDER_TIMEOUT = timedelta(seconds=env.float("PROVIDER_TIMEOUT_SECONDS", default=10.0))
PROVIDER_CONFIRM_TIMEOUT = timedelta(
    seconds=env.float("PROVIDER_CONFIRM_TIMEOUT_SECONDS", default=5.0)
)
PROVIDER_PAINT_TIMEOUT = timedelta(seconds=env.float("PROVIDER_PAINT_TIMEOUT_SECONDS", default=3.0))
OUTLOOK_CONCURRENCY = env.int("OUTLOOK_CONCURRENCY", default=4)

# --- Calendar ---
POLL_SECONDS = env.int("POLL_SECONDS", default=4)
MIRROR_FRESH_SECONDS = env.int("MIRROR_FRESH_SECONDS", default=4)
# A page on which nothing happens, by hand or by itself, asks less often (docs/decisions/0010).
IDLE_AFTER_SECONDS = env.int("IDLE_AFTER_SECONDS", default=300)
IDLE_POLL_SECONDS = env.int("IDLE_POLL_SECONDS", default=30)
# While providers tell of changes by themselves, or a reading is under way, asking costs nothing.
PUSHED_POLL_SECONDS = env.int("PUSHED_POLL_SECONDS", default=1)
SYNC_EVERY = timedelta(seconds=env.int("SYNC_EVERY_SECONDS", default=600))
PUSHED_SYNC_EVERY = timedelta(seconds=env.int("PUSHED_SYNC_EVERY_SECONDS", default=3600))
# Runs at once on one account; what is left of Microsoft's four is for people.
SYNC_PER_ACCOUNT = env.int("SYNC_PER_ACCOUNT", default=2)
PUSH_ENABLED = env.bool("PUSH_ENABLED", default=IS_HTTPS)
PAINT_FRESH = timedelta(seconds=env.int("PAINT_FRESH_SECONDS", default=60))
# How long a request for a meeting waits for an answer; its start ends it sooner.
BOOKING_REQUEST_LIFE = timedelta(days=env.int("BOOKING_REQUEST_DAYS", default=7))
# How long an event may be dragged about, or deleted by mistake, before its meeting follows.
BOOKING_FOLLOW_AFTER = timedelta(seconds=env.int("BOOKING_FOLLOW_AFTER_SECONDS", default=20))
CONFERENCE_WAIT = timedelta(seconds=env.int("CONFERENCE_WAIT_SECONDS", default=60))

# --- Telehealth: how long around its time a room can be entered, and when it is prepared ---
TELEHEALTH_OPENS_BEFORE = timedelta(minutes=env.int("TELEHEALTH_OPENS_BEFORE_MINUTES", default=15))
TELEHEALTH_CLOSES_AFTER = timedelta(minutes=env.int("TELEHEALTH_CLOSES_AFTER_MINUTES", default=60))
TELEHEALTH_WARM_BEFORE = timedelta(minutes=env.int("TELEHEALTH_WARM_BEFORE_MINUTES", default=10))

# --- Mail ---
MAIL_FROM = env.str("MAIL_FROM", default="Meridian <bookings@meridian.example>")
DEFAULT_FROM_EMAIL = SERVER_EMAIL = MAIL_FROM
ICS_DOMAIN = env.str("ICS_DOMAIN", default="meridian.example")
EMAIL_FILE_PATH = env.str("EMAIL_FILE_PATH", default=str(DATA_DIR / "mail"))
_EMAIL_URL = env.str("EMAIL_URL", default="")
if RESEND_API_KEY:
    EMAIL_BACKEND = "common.mail_backends.ResendBackend"
elif _EMAIL_URL:
    _email = env.email_url("EMAIL_URL")
    EMAIL_BACKEND = _email["EMAIL_BACKEND"]
    if EMAIL_BACKEND == "django.core.mail.backends.smtp.EmailBackend":
        EMAIL_BACKEND = "common.mail_backends.SmtpBackend"
    EMAIL_HOST, EMAIL_PORT = _email.get("EMAIL_HOST", ""), _email.get("EMAIL_PORT", 25)
    EMAIL_HOST_USER = _email.get("EMAIL_HOST_USER", "") or ""
    EMAIL_HOST_PASSWORD = _email.get("EMAIL_HOST_PASSWORD", "") or ""
    EMAIL_USE_TLS = _email.get("EMAIL_USE_TLS", False)
    EMAIL_USE_SSL = _email.get("EMAIL_USE_SSL", False)
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_TIMEOUT = 10
# Whose mail comes in here, for answers and invitations of calendars; blank: none does.
INBOUND_DOMAIN = env.str("INBOUND_DOMAIN", default="").strip().lower()
# How our own receiving server signs what it found out about a sender (RFC 8601).
INBOUND_AUTHSERV_ID = env.str("INBOUND_AUTHSERV_ID", default="")
RESEND_INBOUND_SECRET = env.str("RESEND_INBOUND_SECRET", default="")
# How long what came in is kept once it is settled, and how long while nobody has looked at it.
INBOUND_KEPT = timedelta(days=env.int("INBOUND_KEPT_DAYS", default=30))

# --- Work in the background ---
# How long a message of the outbox is left to a worker that gives no sign of life.
OUTBOX_LEASE = timedelta(seconds=env.float("OUTBOX_LEASE_SECONDS", default=60.0))
# How long messages that were sent, or put aside, can be looked at.
OUTBOX_KEEP = timedelta(days=env.int("OUTBOX_KEEP_DAYS", default=90))
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default=REDIS_URL or "filesystem://")
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {}
if CELERY_BROKER_URL.startswith("filesystem://"):
    _queue = DATA_DIR / "queue"
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(_queue / "messages"),
        "data_folder_out": str(_queue / "messages"),
        "control_folder": str(_queue / "control"),
        "polling_interval": 0.1,
    }
elif CELERY_BROKER_URL.startswith(("redis://", "rediss://")):
    # A page that kicks a worker must not wait for a broker that is away or says nothing. Workers
    # ask it every second, and look for it again by rules of their own.
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "socket_connect_timeout": 1,
        "socket_timeout": 3,
        "max_retries": 0,
        "interval_start": 0,
        "interval_step": 0,
    }
CELERY_BROKER_CONNECTION_TIMEOUT = 2
# Kicks have a queue of their own, from which workers take in turn with the other: thousands of
# them hold up neither the sweep nor the syncing of calendars.
CELERY_TASK_QUEUES = (Queue("celery"), Queue("outbox"))
CELERY_TASK_ROUTES = {"common.deliver_outbox_message": {"queue": "outbox"}}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 120
CELERY_TASK_SOFT_TIME_LIMIT = 90
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat")
CELERY_BEAT_SCHEDULE = {
    "forget-old-messages": {
        "task": "common.forget_old_messages",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "sweep-outbox": {"task": "common.sweep_outbox", "schedule": 5.0, "options": {"expires": 5}},
    "sync-due-calendars": {
        "task": "calendars.sync_due_calendars",
        "schedule": 30.0,
        "options": {"expires": 30},
    },
    "look-at-due-rooms": {
        "task": "conferencing.look_at_due_rooms",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "tend-due-channels": {
        "task": "calendars.tend_due_channels",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "await-forgotten-links": {
        "task": "calendars.await_forgotten_links",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "sweep-zoom": {
        "task": "conferencing.sweep_zoom",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "forget-use-counts": {
        "task": "common.forget_use_counts",
        "schedule": 600.0,
        "options": {"expires": 600},
    },
    "forget-mail-traces": {
        "task": "common.forget_mail_traces",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "forget-email-checks": {
        "task": "booking.forget_email_checks",
        "schedule": 600.0,
        "options": {"expires": 600},
    },
    "look-ahead": {
        "task": "booking.look_ahead",
        "schedule": 30.0,
        "options": {"expires": 30},
    },
    "expire-requests": {
        "task": "booking.expire_requests",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "forget-incoming": {
        "task": "booking.forget_incoming",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
}
# A task is enqueued within a web request: with the broker gone it gives up at once, and the
# sweep finds the outbox row later.
CELERY_TASK_PUBLISH_RETRY = False

# --- API ---
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "workspaces.authentication.ServiceTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["common.api.BoundedJSONParser"],
    "EXCEPTION_HANDLER": "common.api.exception_handler",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Meridian",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_NAME_OVERRIDES": {
        "MeetingStateEnum": "booking.enums.MeetingState",
        "AnswerEnum": "booking.enums.Answer",
    },
    "APPEND_COMPONENTS": {
        "securitySchemes": {
            "manageToken": {
                "type": "apiKey",
                "in": "header",
                "name": "X-Manage-Token",
                "description": "What booking a meeting answered; it opens that meeting alone.",
            }
        }
    },
}

# --- Security headers ---
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        # A browser follows a form to no other origin: not to a consent page, nor into a room.
        "form-action": [
            SELF,
            *env.list("CSP_FORM_ACTION", default=[]),
            *filter(None, [origin_of(LIVEKIT_MEETING_URL)]),
        ],
        "frame-ancestors": [NONE],
    }
}
PERMISSIONS_POLICY: dict[str, Any] = {
    "camera": [],
    "geolocation": [],
    "microphone": [],
    "payment": [],
    "usb": [],
}
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=IS_HTTPS)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if IS_HTTPS else None
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=31_536_000 if IS_HTTPS else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = IS_HTTPS
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)

# --- Words, times, files ---
# Staff pages are in English. Which languages bookers have stands in booking/languages.py.
LANGUAGE_CODE = "en-gb"
LANGUAGES = [("en-gb", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["config.formats"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
STATIC_MANIFEST = env.bool("STATIC_MANIFEST", default=False)
STATIC_ROOT = BASE_DIR / "staticfiles" if STATIC_MANIFEST else None
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = not STATIC_MANIFEST
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "common.staticfiles.PackedStaticFilesStorage"
        if STATIC_MANIFEST
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# --- Logs and metrics ---
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
LOG_LEVEL = env.str("LOG_LEVEL", default="INFO")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "common.logs.json_formatter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    # What these say of a request holds paths and queries: manage tokens and OAuth codes.
    "loggers": {
        "django.request": {"level": "CRITICAL"},
        "django.security.csrf": {"level": "CRITICAL"},
        "django.server": {"level": "CRITICAL"},
        "urllib3": {"level": "ERROR"},
        "requests_oauthlib": {"level": "ERROR"},
        "authlib": {"level": "ERROR"},
        "kombu.connection": {"level": "ERROR"},
    },
}

# --- The demo, and nothing else ---
PORT = env.int("PORT", default=8000)
SANDBOX_PORT = env.int("SANDBOX_PORT", default=8100)
SANDBOX_URL = f"http://localhost:{SANDBOX_PORT}"
