"""Django's settings, read strictly from the environment; an unsafe production start is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from kombu.entity import Queue

from studio import env
from studio.embedded import keys, packages
from studio.embedded.places import Places
from studio.embedded.urls import broker_settings, database_settings, redis_url

BASE_DIR = Path(__file__).resolve().parent.parent
env.load_own_dotenv(BASE_DIR)

# ── where and how it runs ───────────────────────────────────────────────────────────────────────────
HOME = BASE_DIR / env.text(
    "TROUPE_HOME", ".troupe", "Folder of data, keys and logs; a relative one is in the checkout."
)
env.load_dotenv(Places(HOME).shared_env)  # a running `up` leaves its addresses there
DEBUG = env.boolean("DEBUG", False, "Django's debug mode; never on a machine others can reach.")
PUBLIC_URL = env.text(
    "PUBLIC_URL",
    "http://127.0.0.1:8000",
    "The address people open; its scheme decides secure cookies and HSTS.",
).rstrip("/")
ALLOWED_HOSTS = list(
    env.words("ALLOWED_HOSTS", (), "Host names this server answers to; by default PUBLIC_URL's and loopback.")
    or (urlsplit(PUBLIC_URL).hostname or "127.0.0.1", "127.0.0.1", "localhost", "[::1]")
)
SECRET_KEY = env.text(
    "SECRET_KEY", "", "Signs sessions and links; 50 characters or more. `up` makes one.", secret=True
) or keys.read(HOME, "SECRET_KEY")
ENCRYPTION_KEYS = env.text(
    "ENCRYPTION_KEYS",
    "",
    "Fernet keys that encrypt stored secrets, newest first, comma-separated. `up` makes one.",
    secret=True,
) or keys.read(HOME, "ENCRYPTION_KEYS")
DATABASE_URL = env.text("DATABASE_URL", "", "PostgreSQL to use instead of the embedded one.", secret=True)
REDIS_URL = env.text("REDIS_URL", "", "Redis or Valkey to use instead of the embedded one.", secret=True)
OPENAI_API_KEY = env.text(
    "OPENAI_API_KEY", "", "When set, a new workspace gets an OpenAI endpoint.", secret=True
)
OPENAI_BASE_URL = env.text(
    "OPENAI_BASE_URL", "https://api.openai.com/v1", "Address that goes with OPENAI_API_KEY."
)
REHEARSAL_URL = env.text(
    "REHEARSAL_URL", "", "The rehearsal model's /v1 address; `up` starts one and sets it."
)
LOCAL_MODEL_URL = env.text(
    "LOCAL_MODEL_URL", "", "The local model's /v1 address; `up` starts one and sets it."
)
PRIVATE_HOSTS = env.words(
    "PRIVATE_HOSTS",
    (),
    "host, host:port or CIDR on private networks that endpoints and tools may reach; all other private "
    "addresses are refused.",
)
FAILPOINTS = env.text(
    "TROUPE_FAILPOINTS",
    "",
    "Folder of armed failpoints, for crash tests only; a server that others can reach refuses it.",
)

HTTPS = urlsplit(PUBLIC_URL).scheme == "https"
LOOPBACK = urlsplit(PUBLIC_URL).hostname in {"127.0.0.1", "localhost", "::1"}


def _refuse_unsafe_start() -> None:
    """A server that others can reach must not run on defaults."""
    if DEBUG and not LOOPBACK:
        raise ImproperlyConfigured("DEBUG is on while PUBLIC_URL is not a loopback address. Unset DEBUG.")
    if not HTTPS and not LOOPBACK:
        raise ImproperlyConfigured("PUBLIC_URL must be https:// unless it is a loopback address.")
    if FAILPOINTS and not LOOPBACK:
        raise ImproperlyConfigured("TROUPE_FAILPOINTS kills processes, for crash tests only. Unset it.")
    if "*" in ALLOWED_HOSTS:
        raise ImproperlyConfigured("ALLOWED_HOSTS must name its hosts; '*' is refused.")
    if SECRET_KEY and len(SECRET_KEY) < 50:
        raise ImproperlyConfigured("SECRET_KEY needs at least 50 characters.")
    if not LOOPBACK and not (SECRET_KEY and ENCRYPTION_KEYS):
        raise ImproperlyConfigured("Set SECRET_KEY and ENCRYPTION_KEYS before serving other machines.")


_refuse_unsafe_start()

# ── applications ────────────────────────────────────────────────────────────────────────────────────
INSTALLED_APPS = [
    "studio",
    "agents",
    "runs",
    "channels",
    "allauth",
    "allauth.account",
    "django_htmx",
    "csp",
    "django.forms",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "studio.web.toasts.ToastMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]
ROOT_URLCONF = "studio.urls"
ASGI_APPLICATION = "studio.asgi.application"
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
                "studio.web.context.frame",
            ],
            "builtins": ["studio.web.templatetags.troupe"],
        },
    }
]
FORM_RENDERER = "studio.web.forms.Renderer"

# ── data ────────────────────────────────────────────────────────────────────────────────────────────
DATABASES = {"default": database_settings(DATABASE_URL, HOME)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS = redis_url(REDIS_URL, HOME)

CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS], "prefix": "troupe"},
    }
}

# ── engine: leases, sweeps, limits ──────────────────────────────────────────────────────────────────
LEASE_SECONDS = env.seconds("LEASE_SECONDS", 15, "How long a worker owns a run without renewing.")
HEARTBEAT_SECONDS = env.seconds("HEARTBEAT_SECONDS", 5, "How often a worker renews its leases.")
SWEEP_SECONDS = env.seconds("SWEEP_SECONDS", 2, "How often the sweeper looks for runs to wake.")
RUNS_PER_WORKER = env.integer("RUNS_PER_WORKER", 200, "Runs one worker process advances at once.", least=1)
SHUTDOWN_SECONDS = env.seconds(
    "SHUTDOWN_SECONDS", 20, "How long a stopping worker lets calls in flight finish."
)
CALL_TIMEOUT_SECONDS = env.seconds(
    "CALL_TIMEOUT_SECONDS", 120, "Time limit of a model call with none of its own."
)
RETRY_BASE_SECONDS = env.seconds(
    "RETRY_BASE_SECONDS", 1, "First back-off of a retry; doubles with each attempt."
)
BREAKER_FAILURES = env.integer(
    "BREAKER_FAILURES", 5, "Failures in a row after which an endpoint is left alone; 0: never.", least=0
)
BREAKER_PERCENT = env.integer(
    "BREAKER_PERCENT", 50, "Or failures among 20 calls or more within the window, in percent.", least=1
)
BREAKER_WINDOW_SECONDS = env.seconds("BREAKER_WINDOW_SECONDS", 60, "The time failures are counted over.")
BREAKER_SECONDS = env.seconds(
    "BREAKER_SECONDS", 10, "How long it is left alone, until one call tries it; doubles while that fails."
)
RULE_SECONDS = env.seconds("RULE_SECONDS", 0.5, "Time limit of one rule or template.")
DOORBELL_SECONDS = env.seconds("DOORBELL_SECONDS", 0.05, "Shortest time between two live signals of a run.")
POLL_SECONDS = env.seconds("POLL_SECONDS", 2, "How often watched runs are polled in case a signal was lost.")
WORKERS = env.integer("WORKERS", 2, "Worker processes that `up` starts.", least=1)

# ── Celery: a hint that a run can go on, nothing more ───────────────────────────────────────────────
CELERY_BROKER_URL, CELERY_BROKER_USE_SSL = broker_settings(REDIS)
CELERY_TASK_SERIALIZER = "json"
CELERY_RESULT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_STORE_ERRORS_EVEN_IF_IGNORED = False
CELERY_TASK_ACKS_LATE = False
CELERY_WORKER_DISABLE_PREFETCH = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_IMPORTS = ["runs.tasks"]
CELERY_TASK_DEFAULT_QUEUE = "runs"
# A message is a hint that the sweeper repeats: taking it off the queue is all the acknowledgement it needs.
CELERY_TASK_QUEUES = [Queue("runs", no_ack=True)]

# ── people ──────────────────────────────────────────────────────────────────────────────────────────
AUTH_USER_MODEL = "studio.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
ACCOUNT_ADAPTER = "studio.workspaces.sign_in.NoSignup"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_FORMS = {
    "set_password": "studio.workspaces.password_forms.SetPassword",
    "change_password": "studio.workspaces.password_forms.ChangePassword",
}
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/accounts/login/"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

# ── composition by dotted name: rooms below never import the rooms above ────────────────────────────
NODE_KINDS = [
    "input",
    "agent",
    "map",
    "debate",
    "chat",
    "team",
    "router",
    "join",
    "loop",
    "tool",
    "guard",
    "transform",
    "wait",
    "approval",
    "question",
    "output",
]
NODE_KIND_PACKAGE = "runs.engine.kinds"
TOOL_KINDS = [
    "agents.toolbox.calculator",
    "agents.toolbox.current_time",
    "agents.toolbox.http_request",
    "agents.toolbox.notes_read",
    "agents.toolbox.notes_write",
]
API_ROUTERS = ["agents.api.router", "runs.api.router", "runs.api_steering.router", "runs.api_forking.router"]
API_ERRORS = ["agents.api.ERRORS", "runs.api.ERRORS"]  # the rooms' exceptions and how the API answers them
NEW_WORKSPACE_HOOKS = ["agents.seed.furnish"]
MEMBERSHIP_ENDED_HOOKS = ["runs.live.revoke.close_sockets"]
FRAME_CONTEXT: dict[str, str] = {
    "approvals_waiting": "runs.queries.approvals_waiting"
}  # template variable → function of the Member
AGENT_TRY = "runs.tryout.try_agent"  # one live call of an agent, for its editor
TEAM_CARD_FACTS = {"last": "runs.figures.of_teams.last_runs", "typical": "runs.figures.of_teams.typical"}
# functions of (Member, text) → hits of studio.web.search
SEARCH_SOURCES = ["agents.search.search", "runs.search.search"]

# ── browser security ────────────────────────────────────────────────────────────────────────────────
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
CSRF_COOKIE_HTTPONLY = True  # the token travels in the page, not in the cookie
CSRF_COOKIE_SECURE = SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^(health|ready)z/$"]  # asked by address from inside, without the proxy
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "style-src-attr": ["'unsafe-inline'"],  # positions and widths only; React Flow places nodes this way
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}

# ── static files ────────────────────────────────────────────────────────────────────────────────────
STATIC_URL = "/static/"
STATICFILES_DIRS: list[Any] = [
    BASE_DIR / "static",
    ("plotly", (packages.folder("plotly") or BASE_DIR) / "package_data"),
]
STATIC_ROOT = None  # files are served from where they are; nothing is collected
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG

# ── logs: to standard error; `up` keeps one file a process under home ────────────────────────────────
LOG_LEVEL = env.choice(
    "LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"), "How much Troupe writes to its logs."
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        **{room: {"level": LOG_LEVEL} for room in ("studio", "agents", "runs", "celery")},
        # Two lines a message, of which there are hundreds a second.
        **{name: {"level": "WARNING"} for name in ("celery.worker.strategy", "celery.app.trace")},
        # Django's own handler writes to the console in debug mode only: errors would be lost.
        "django": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
    },
}

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
USE_I18N = True
