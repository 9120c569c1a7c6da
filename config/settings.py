"""Django settings, all of them taken from the environment (docs/operations.md lists each one)."""

import os
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from config import secrets

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(os.environ.get("DUBAN_DATA") or BASE_DIR / ".data").resolve()


def env_flag(name: str) -> bool:
    return os.environ.get(name, "").lower() in {"1", "true", "yes", "on"}


def env_list(name: str) -> list[str]:
    return [part.strip() for part in os.environ.get(name, "").split(",") if part.strip()]


# Embedded: the launcher started PostgreSQL for this one machine and said so.
EMBEDDED = env_flag("DUBAN_EMBEDDED")
DEBUG = env_flag("DUBAN_DEBUG")

# -- The site -------------------------------------------------------------------------------------

# The address people type, as https://duban.example.org; https switches secure cookies and HSTS on.
ORIGIN = os.environ.get("DUBAN_ORIGIN", "").rstrip("/")
_site = urlsplit(ORIGIN)
HTTPS = _site.scheme == "https"
# Logs are named after the host; a name that was signed once stays, whatever the host is called.
LOG_HOST = _site.hostname or "localhost"
# Who cosigns the logs: "KEY URL" as a witness prints them, separated by commas.
WITNESSES = env_list("DUBAN_WITNESSES")


def witness_policy(path: str) -> str:
    """The text of a policy file, which says whom to ask and how many of them make a quorum."""
    if not path:
        return ""
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"DUBAN_WITNESS_POLICY can't be read: {error}") from error


WITNESS_POLICY = witness_policy(os.environ.get("DUBAN_WITNESS_POLICY", ""))

ALLOWED_HOSTS = [
    *env_list("DUBAN_HOSTS"),
    *([_site.hostname] if _site.hostname else []),
    "localhost",
    "127.0.0.1",
    "[::1]",
]
CSRF_TRUSTED_ORIGINS = [ORIGIN] if HTTPS else []


def secret_key() -> str:
    """The signing key: given in production, made once and kept in the data directory otherwise."""
    if key := os.environ.get("DUBAN_SECRET_KEY"):
        return key
    if os.environ.get("DATABASE_URL") and not EMBEDDED:
        raise ImproperlyConfigured(
            "DUBAN_SECRET_KEY is missing. Duban runs on a database of its own here, so give it a "
            "secret of at least 50 random characters in the environment and keep it out of the "
            "repository."
        )
    return secrets.read_or_create(DATA_DIR / "secrets" / "django")


SECRET_KEY = secret_key()

# -- Applications ---------------------------------------------------------------------------------

INSTALLED_APPS = [
    "config",
    "notices",
    "workflows",
    "approvals",
    "directory",
    "audit",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "config.apps.OurStaticFiles",
    "django.contrib.postgres",
    "axes",
    "csp",
    "django_fsm",
    "django_htmx",
    "viewflow",
    "viewflow.workflow",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "directory.middleware.PersonMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "config.errors.RefusedMiddleware",
    "axes.middleware.AxesMiddleware",
]

# Only the flow engine of viewflow is used: none of its pages, so none of its middleware.
VIEWFLOW = {"AUTOREGISTER": False}

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.context.frame",
            ],
        },
    },
]

# -- Database -------------------------------------------------------------------------------------

# Four roles, one address each. A process speaks as one of them: the launcher sets DUBAN_ROLE to
# owner for migrations and to worker for the worker; everything else is the application.
DATABASE_URLS = {
    "app": os.environ.get("DATABASE_URL", ""),
    "owner": os.environ.get("DATABASE_OWNER_URL", ""),
    "worker": os.environ.get("DATABASE_WORKER_URL", ""),
    "auditor": os.environ.get("DATABASE_AUDITOR_URL", ""),
}
DATABASE_ROLE = os.environ.get("DUBAN_ROLE", "app")


def database(url: str) -> dict[str, object]:
    """Django's description of the database at postgresql://user:password@host:port/name.

    Parameters of libpq may follow, as ?sslmode=verify-full or ?host=/run/postgresql.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"", "postgres", "postgresql"}:
        raise ImproperlyConfigured("DATABASE_URL must begin with postgresql://")
    options = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "config.database",
        "NAME": unquote(parts.path.lstrip("/")) or "duban",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", parts.hostname or ""),
        "PORT": options.pop("port", str(parts.port or "")),
        "CONN_MAX_AGE": int(os.environ.get("DUBAN_CONN_MAX_AGE", "60")),
        "CONN_HEALTH_CHECKS": True,
        "ATOMIC_REQUESTS": False,
        "OPTIONS": {
            "connect_timeout": 5,
            "application_name": f"duban {DATABASE_ROLE}",
            **options,
        },
    }


if DATABASE_ROLE not in DATABASE_URLS:
    raise ImproperlyConfigured("DUBAN_ROLE must be app, owner, worker or auditor.")
if DATABASE_URLS["app"] and not DATABASE_URLS[DATABASE_ROLE]:
    raise ImproperlyConfigured(
        f"DATABASE_{DATABASE_ROLE.upper()}_URL is missing: this command speaks to the database as "
        f"the {DATABASE_ROLE} role."
    )
DATABASES = {"default": database(DATABASE_URLS[DATABASE_ROLE])}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# -- People ---------------------------------------------------------------------------------------

AUTH_USER_MODEL = "directory.Person"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in {
        "UserAttributeSimilarityValidator": {},
        "MinimumLengthValidator": {"min_length": 12},
        "CommonPasswordValidator": {},
        "NumericPasswordValidator": {},
    }.items()
]
LOGIN_URL = "sign_in"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "sign_in"

# Five tries by user and address, then a quarter of an hour's rest.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
# Who failed, from where: in the server's log in clear, and nowhere in the ledger.
AXES_SENSITIVE_PARAMETERS: list[str] = []
AXES_LOCKOUT_TEMPLATE = "locked_out.html"
AXES_HTTP_RESPONSE_CODE = 429

# -- Security -------------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "font-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 60 * 60
CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$"]  # asked from inside, without the proxy
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
# Only behind our own proxy, which overwrites the header (docs/production/nginx.conf).
BEHIND_PROXY = env_flag("DUBAN_BEHIND_PROXY")
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
AXES_CLIENT_IP_CALLABLE = "audit.clients.address"

# -- Language and time ----------------------------------------------------------------------------

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Chinese")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = os.environ.get("DUBAN_TIME_ZONE", "Asia/Shanghai")
USE_I18N = True
USE_TZ = True

# -- Files ----------------------------------------------------------------------------------------

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = Path(os.environ.get("DUBAN_STATIC") or DATA_DIR / "static")
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
    },
    "staticfiles": {
        "BACKEND": (
            "django.contrib.staticfiles.storage.StaticFilesStorage"
            if DEBUG
            else "whitenoise.storage.CompressedManifestStaticFilesStorage"
        ),
    },
}
# Uploads never lie under a served directory: they are stored by content, handed out by views.
EVIDENCE_ROOT = Path(os.environ.get("DUBAN_EVIDENCE") or DATA_DIR / "evidence")
BACKUP_ROOT = Path(os.environ.get("DUBAN_BACKUPS") or DATA_DIR / "backups")
EVIDENCE_MAX_BYTES = 50 * 1024 * 1024
MEDIA_ROOT = EVIDENCE_ROOT
FILE_UPLOAD_PERMISSIONS = 0o600
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024

# -- The worker ----------------------------------------------------------------------------------

# What the worker does, lane by lane: seconds between rounds, then functions that take the time as
# `at` and return how many rows they moved on (config/worker.py). Lanes don't wait for each other.
WORKER_LANES = {
    "ledger": (0.25, ["audit.checkpoints.advance"]),
    "following": (
        1.0,
        [
            "approvals.actions.recovery.ask_unanswered",
            "workflows.actions.plans.advance_plans",
            "notices.actions.follow",
            "notices.actions.warn",
            "audit.erasing.erase_all",
        ],
    ),
    # A plan is a long text.
    "search": (1.0, ["audit.search.follower.follow"]),
    # Others' machines answer when they like.
    "outward": (
        1.0,
        ["audit.witnesses.cosign_all", "notices.mail.deliver", "notices.daily.deliver"],
    ),
}
# What it does once a day, from this hour of local time on, in a lane of its own.
WORKER_DAILY_STEPS = {
    "approvals.actions.deadlines.act_on_overdue": 0,
    "notices.actions.remind": 0,
    "audit.nightly.verify": 3,
    "audit.throttle.forget": 3,
    "approvals.actions.preparing.forget": 3,
    "notices.daily.prepare": 8,
}

# -- Mail and logs --------------------------------------------------------------------------------

_mail = urlsplit(os.environ.get("DUBAN_MAIL_URL", ""))  # smtp://user:password@host:587?tls
EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend"
    if _mail.hostname
    else "django.core.mail.backends.console.EmailBackend"
)
EMAIL_HOST = _mail.hostname or "localhost"
EMAIL_PORT = _mail.port or 25
EMAIL_HOST_USER = unquote(_mail.username or "")
EMAIL_HOST_PASSWORD = unquote(_mail.password or "")
EMAIL_USE_TLS = _mail.query == "tls"
EMAIL_TIMEOUT = 10
# Without a mail server nothing is printed instead: the notices stand on their page.
NOTICES_BY_MAIL = bool(_mail.hostname)
DEFAULT_FROM_EMAIL = os.environ.get("DUBAN_MAIL_FROM", "duban@localhost")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": os.environ.get("DUBAN_LOG_LEVEL", "WARNING")},
}
