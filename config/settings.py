"""Django's settings, read top to bottom.

Nothing need be set: without DATABASE_URL and REDIS_URL the desk uses the embedded servers of its
data folder. With both it uses those, and asks for the secrets that go with a real set-up.
"""

from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

import django_stubs_ext

from config.env import BadEnvironment, env, postgres_settings
from config.limits import LIMITS as DEFAULT_LIMITS
from config.limits import Limits
from config.servers.data_folder import DataFolder
from config.social_login import read_social_login

# Lets classes that Django left plain be written with their type: ModelForm[User].
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
LIMITS: Limits = DEFAULT_LIMITS

# --- Where the servers are -------------------------------------------------------------------

HOLDFAST_DATA: Path = env.path("HOLDFAST_DATA", default=BASE_DIR / "var")
_folder = DataFolder(HOLDFAST_DATA)
_database_url = env.postgres_url("DATABASE_URL")
_redis_url = env.redis_url("REDIS_URL")
if bool(_database_url) != bool(_redis_url):
    raise BadEnvironment(
        "REDIS_URL" if _database_url else "DATABASE_URL",
        found=None,
        allowed="set together with the other one, or neither",
    )
IS_EMBEDDED: bool = _database_url is None
DATABASE_URL: str = _database_url or _folder.connection().database_url
REDIS_URL: str = _redis_url or _folder.connection().redis_url

# --- Who may speak to us ---------------------------------------------------------------------

DEBUG = env.boolean("DEBUG", default=False)
if IS_EMBEDDED:
    SECRET_KEY = env.find("SECRET_KEY") or _folder.secret("django_secret_key")
else:
    SECRET_KEY = env.required_text("SECRET_KEY", allowed="a random text of 50 characters or more")
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS")

# Embedded, the desk listens on this machine only unless told otherwise; see docs/running.md.
ALLOWED_HOSTS = env.words(
    "ALLOWED_HOSTS", default=("localhost", "127.0.0.1", "[::1]") if IS_EMBEDDED else ()
)
# The exact origins browsers may open sockets and send forms from, beside the host itself.
CSRF_TRUSTED_ORIGINS = env.words("TRUSTED_ORIGINS")
# The exact origins whose scripts may use the API from a browser; with a key, never with a cookie.
CORS_ALLOWED_ORIGINS = env.origins("CORS_ORIGINS")
CORS_URLS_REGEX = r"^/api/"
CORS_ALLOW_HEADERS = (
    *("accept", "authorization", "content-type"),
    *("idempotency-key", "x-api-key", "x-request-id"),
)
CORS_EXPOSE_HEADERS = (
    *("Content-Disposition", "Idempotent-Replayed", "RateLimit", "RateLimit-Policy"),
    *("Retry-After", "X-Request-ID"),
)
# Behind nginx with TLS. Embedded serves plain HTTP on this machine, where cookies cannot be secure.
IS_HTTPS = env.boolean("HTTPS", default=not IS_EMBEDDED)

# --- The house -------------------------------------------------------------------------------

_social_login = read_social_login(env)

INSTALLED_APPS = [
    "config.apps.ConfigConfig",
    "accounts",
    "market",
    "portfolio",
    "trading",
    "integrations",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    *_social_login.applications,
    "channels",
    "corsheaders",
    "django_htmx",
    "ninja",
]

MIDDLEWARE = [
    "config.middleware.request_id.RequestIdMiddleware",
    "config.observation.ObservationMiddleware",
    "config.middleware.audit_origin.AuditOriginMiddleware",
    # It would answer every preflight, so it is here only where somebody may cross.
    *(["corsheaders.middleware.CorsMiddleware"] if CORS_ALLOWED_ORIGINS else []),
    "django.middleware.security.SecurityMiddleware",
    "config.middleware.content_security.ContentSecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.common.CommonMiddleware",
    "config.middleware.api_path.ApiPathMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "config.middleware.private_pages.PrivatePagesMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "config.middleware.session_activity.SessionActivityMiddleware",
    "config.middleware.leaving.LeavingMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- PostgreSQL: the only truth --------------------------------------------------------------

_database = postgres_settings(DATABASE_URL)
DATABASES = {
    "default": _database
    | {
        "CONN_MAX_AGE": LIMITS.database_connection_age_seconds,
        # A connection that died with its server is replaced at the next request.
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "connect_timeout": 5,
            "application_name": "holdfast",
            "options": (
                f"-c statement_timeout={LIMITS.statement_timeout_seconds}s"
                f" -c lock_timeout={LIMITS.lock_timeout_seconds}s"
                " -c idle_in_transaction_session_timeout="
                f"{LIMITS.idle_transaction_timeout_seconds}s"
            ),
            **_database["OPTIONS"],
        },
    }
}

# --- Valkey: speed, never truth --------------------------------------------------------------

# Stands in front of every key and channel of ours.
VALKEY_PREFIX = env.text("VALKEY_PREFIX", default="")

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": f"{VALKEY_PREFIX}cache",
        "OPTIONS": {"socket_timeout": LIMITS.cache_timeout_seconds},
    }
}

CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL], "prefix": f"{VALKEY_PREFIX}channels"},
    }
}

# --- Celery ----------------------------------------------------------------------------------

# Kombu has a scheme of its own for sockets.
CELERY_BROKER_URL = (
    REDIS_URL.replace("unix://", "redis+socket://").replace("?db=", "?virtual_host=")
    if REDIS_URL.startswith("unix://")
    else REDIS_URL
)
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "global_keyprefix": f"{VALKEY_PREFIX}celery:",
    # A task lost with its worker comes back after this long; it must exceed the longest task.
    "visibility_timeout": LIMITS.task_timeout_seconds * 2,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SOFT_TIME_LIMIT = LIMITS.task_timeout_seconds
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {
    "trading.tasks.*": {"queue": "money"},
    "portfolio.tasks.check_books": {"queue": "money"},
    "portfolio.tasks.*": {"queue": "valuations"},
    "market.tasks.*": {"queue": "ingestion"},
}
# Late runs of a frequent task are worth nothing, so each message expires with its period.
CELERY_BEAT_SCHEDULE = {
    name: {"task": name, "schedule": seconds, "options": {"expires": seconds}}
    for name, seconds in {
        "accounts.tasks.record_heartbeat": 10,
        "accounts.tasks.forget_old_answers": 3600,
        "accounts.tasks.forget_old_tokens": 3600,
        "accounts.tasks.forget_ended_sessions": 3600,
        "trading.tasks.settle_due": 60,
        "trading.tasks.expire_day_orders": 60,
        "portfolio.tasks.check_books": 60,
        "portfolio.tasks.refresh_all_valuations": 3600,
        "market.tasks.ensure_partitions": 3600,
        "market.tasks.request_price_runs": 60,
        "market.tasks.backfill_simulated": 24 * 3600,
        "market.tasks.load_exchange_rates": 6 * 3600,
    }.items()
}
CELERY_BEAT_SCHEDULE_FILENAME = str(HOLDFAST_DATA / "celerybeat-schedule")

# --- People ----------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/home"
ACCOUNT_ADAPTER = "accounts.whole_requests.SignInAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = env.choice(
    "EMAIL_VERIFICATION",
    # Without a mail server nobody could ever verify.
    default="none" if IS_EMBEDDED else "mandatory",
    choices=("none", "optional", "mandatory"),
)
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_UNIQUE_EMAIL = True
# Whether an address has an account is told to nobody who does not read its mail.
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = True
# One address a user. A new one takes its place when it is confirmed, and the old one is told.
ACCOUNT_CHANGE_EMAIL = True
# Whoever comes by a mere session changes neither addresses nor connected sign-ins.
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_EMAIL_CONFIRMATION_EXPIRE_DAYS = LIMITS.address_link_days
PASSWORD_RESET_TIMEOUT = LIMITS.password_link_seconds
# Whoever changes how an account is entered is told of it by mail.
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[Holdfast] "

# How often, of one address of the network (ip), one user, or one e-mail address (key). Counted in
# the cache. templates/429.html answers what is beyond, the sign-in form says it itself.
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "10/m/ip,5/5m/key",
    "signup": "20/m/ip",
    "reset_password": "20/m/ip,5/m/key",
    "reset_password_from_key": "20/m/ip",
    "change_password": "5/m/user",
    "manage_email": "10/m/user",
    "reauthenticate": "10/m/user",
    "confirm_email": "1/3m/key",
}

# --- Second factors and passkeys -------------------------------------------------------------

MFA_ADAPTER = "accounts.second_factors.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_FORMS = {
    "add_webauthn": "accounts.sign_in_forms.PasskeyForm",
    "edit_webauthn": "accounts.sign_in_forms.PasskeyNameForm",
    "authenticate": "accounts.sign_in_forms.CodeForm",
}
MFA_TOTP_ISSUER = "Holdfast"
# A used code is remembered for one period; a code good for longer could be used twice.
MFA_TOTP_TOLERANCE = 0
# A second factor would lock out the owner of an address somebody else signed up with. Where
# nobody confirms addresses there is nothing to wait for.
MFA_ALLOW_UNVERIFIED_EMAIL = ACCOUNT_EMAIL_VERIFICATION == "none"

# --- Signing in elsewhere --------------------------------------------------------------------

SOCIALACCOUNT_PROVIDERS = _social_login.providers
# A provider's word that an address is somebody's does not open an account that has it: whoever
# owns the account connects the provider himself, signed in.
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_LOGIN_ON_GET = False
SOCIALACCOUNT_QUERY_EMAIL = True
SOCIALACCOUNT_REQUESTS_TIMEOUT = 10

# How many proxies in front of us add to X-Forwarded-For; nginx of docker-compose.yml is one.
ALLAUTH_TRUSTED_PROXY_COUNT = env.integer(
    "PROXIES", default=0 if IS_EMBEDDED else 1, minimum=0, maximum=10
)

# --- Mail ------------------------------------------------------------------------------------

MAIL_FOLDER: Path = env.path("MAIL_FOLDER", default=HOLDFAST_DATA / "mail")
EMAIL_BACKEND = {
    "smtp": "django.core.mail.backends.smtp.EmailBackend",
    "files": "accounts.mail_files.MailFiles",
    "console": "django.core.mail.backends.console.EmailBackend",
}[
    env.choice(
        "MAIL",
        default="smtp" if env.find("EMAIL_HOST") else "files" if IS_EMBEDDED else "console",
        choices=("smtp", "files", "console"),
    )
]
EMAIL_HOST = env.text("EMAIL_HOST", default="localhost")
EMAIL_PORT = env.integer("EMAIL_PORT", default=587, minimum=1, maximum=65_535)
EMAIL_HOST_USER = env.text("EMAIL_USER", default="")
EMAIL_HOST_PASSWORD = env.text("EMAIL_PASSWORD", default="")
EMAIL_USE_TLS = env.boolean("EMAIL_TLS", default=True)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("EMAIL_FROM", default="Holdfast <holdfast@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# --- Requests --------------------------------------------------------------------------------

DATA_UPLOAD_MAX_MEMORY_SIZE = LIMITS.request_body_bytes
DATA_UPLOAD_MAX_NUMBER_FIELDS = LIMITS.request_fields
FILE_UPLOAD_TEMP_DIR = None
APPEND_SLASH = False

SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_NAME = "__Host-session" if IS_HTTPS else "holdfast_session"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = IS_HTTPS
CSRF_COOKIE_NAME = "__Host-csrf" if IS_HTTPS else "holdfast_csrf"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if IS_HTTPS else None
SECURE_SSL_REDIRECT = IS_HTTPS
# Health checks come from inside, without TLS.
SECURE_REDIRECT_EXEMPT = [r"^api/v1/health/"]
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = IS_HTTPS
SECURE_HSTS_PRELOAD = IS_HTTPS
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# --- Files -----------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = env.path("STATIC_ROOT", default=HOLDFAST_DATA / "static")
STATICFILES_DIRS = [BASE_DIR / "static"]
# Names with a fingerprint are cached for a year; `up` and the image collect them once.
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "config.static_files.StaticFiles"},
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
WHITENOISE_MAX_AGE = 3600
MEDIA_ROOT = HOLDFAST_DATA / "media"
# Files of prices on their way in; web and worker must see the same folder.
UPLOADS: Path = env.path("UPLOADS", default=HOLDFAST_DATA / "uploads")

# --- Time and words --------------------------------------------------------------------------

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-us"
USE_I18N = False

# --- The way out ------------------------------------------------------------------------------

# Nothing of ours connects to private, local or otherwise special addresses, save to these.
OWN_NETWORKS = env.destinations("OWN_NETWORKS")

# --- Alerts ----------------------------------------------------------------------------------

# Fulfils market.alerts.holdings.HoldingSource: what the holdings that alerts depend on cost.
ALERT_HOLDING_SOURCE = "portfolio.alert_holdings.PortfolioHoldings"

# --- Orders ----------------------------------------------------------------------------------

# Instruments are dealt out over this many matchers; each runs as `matcher --shard i/n`.
MATCHER_SHARDS = env.integer("MATCHER_SHARDS", default=1, minimum=1, maximum=64)
# A name in trading.commissions.SCHEDULES; orders keep the schedule they were placed under.
COMMISSION_SCHEDULE = env.choice("COMMISSION_SCHEDULE", default="free", choices=("free", "retail"))

# --- Where prices come from -------------------------------------------------------------------

LIVE_PROVIDER = env.text("LIVE_PROVIDER", default="integrations.simulated.live.SimulatedLive")
HISTORY_PROVIDER = env.text(
    "HISTORY_PROVIDER", default="integrations.simulated.history.SimulatedHistory"
)

# Who may be asked for minutes, by name; see market.intake.bar_providers. Nobody is, unless a chain
# says so: "*=first>second, XNAS=second, XNAS:AAPL=first". The first that answers counts.
PRICE_PROVIDERS = {
    "alpaca": "integrations.providers.alpaca.bars.AlpacaBars",
    "tiki": "integrations.providers.tiki.bars.TikiBars",
    "yahoo": "integrations.providers.yahoo.bars.YahooBars",
}
PRICE_CHAINS = env.chains("PRICE_CHAINS", known=tuple(PRICE_PROVIDERS))
TIKI_URL = env.web_address("TIKI_URL")
ALPACA_DATA_URL = env.web_address("ALPACA_DATA_URL") or "https://data.alpaca.markets"
ALPACA_DATA_KEY = env.text("ALPACA_DATA_KEY", default="")
ALPACA_DATA_SECRET = env.text("ALPACA_DATA_SECRET", default="")
# iex: one exchange, free. sip: all of them. delayed_sip: all of them, a quarter of an hour late.
ALPACA_DATA_FEED = env.choice(
    "ALPACA_DATA_FEED", default="iex", choices=("iex", "sip", "delayed_sip")
)

# The European Central Bank's rates as a library ships them; and, where the operator names the
# address, the bank's own file, such as https://www.ecb.europa.eu/stats/eurofxref/eurofxref-hist.zip
ECB_RATES_URL = env.text("ECB_RATES_URL", default="")
RATE_PROVIDERS = [
    "integrations.providers.ecb.BundledRates",
    *(["integrations.providers.ecb.DownloadedRates"] if ECB_RATES_URL else []),
]

# Who knows the users' orders in the order book; see market.depth.resting_orders.
RESTING_ORDERS = "trading.resting_orders.WorkingOrders"

# Who knows what investors bought and sold, for their charts; see market.charting.own_fills.
OWN_FILLS = "trading.chart_fills.OwnFills"

# --- The demo --------------------------------------------------------------------------------

# Whether the first start loads the sample and makes a demo login. A server of others does not.
HAS_DEMO = env.boolean("DEMO", default=IS_EMBEDDED)

# --- The simulated exchange ------------------------------------------------------------------

# "always": it never closes, as the demo needs. "real": the hours of the instrument's exchange.
SIMULATED_EXCHANGE_HOURS = env.choice(
    "SIMULATED_EXCHANGE_HOURS", default="always", choices=("always", "real")
)
SIMULATOR_SEED = env.integer("SIMULATOR_SEED", default=20_260_101, minimum=0, maximum=2**63 - 1)
# How many trades an instrument sees in a second, on average.
SIMULATOR_TICKS_PER_SECOND = env.decimal(
    "SIMULATOR_TICKS_PER_SECOND",
    default=Decimal(1),
    minimum=Decimal("0.001"),
    maximum=Decimal(1000),
)

# --- What is counted, and who may read it ----------------------------------------------------

METRICS_FOLDER: Path = env.path("METRICS_FOLDER", default=HOLDFAST_DATA / "metrics")
# With a token whoever shows it, else whoever asks from one of the networks.
METRICS_TOKEN = env.text("METRICS_TOKEN", default="")
_loopback = ("127.0.0.0/8", "::1/128")
_private = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
METRICS_NETWORKS = env.networks(
    "METRICS_NETWORKS", default=_loopback if IS_EMBEDDED else (*_loopback, *_private)
)

# --- What the log says -----------------------------------------------------------------------

LOG_LEVEL = env.choice(
    "LOG_LEVEL", default="INFO", choices=("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
)
# One line a request, a socket and a task; WARNING leaves only what went wrong.
REQUEST_LOG_LEVEL = env.choice(
    "REQUEST_LOG_LEVEL", default="INFO", choices=("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
)
# Where ERROR records are told of, each once; see docs/logs.md.
SLACK_WEBHOOK_URL = env.web_address("SLACK_WEBHOOK_URL")
SENTRY_DSN = env.web_address("SENTRY_DSN")
SENTRY_ENVIRONMENT = env.text("SENTRY_ENVIRONMENT", default="production")
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "request": {"()": "config.logs.RequestIdFilter"},
        "health": {"()": "config.logs.HealthFilter"},
    },
    "formatters": {
        "terminal": {"()": "config.logs.TerminalFormatter"},
        "json": {"()": "config.logs.JsonFormatter"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "filters": ["request"],
            "formatter": env.choice(
                "LOG_FORMAT",
                default="terminal" if IS_EMBEDDED else "json",
                choices=("terminal", "json"),
            ),
        },
    },
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "django": {"handlers": [], "level": LOG_LEVEL, "propagate": True},
        "django.server": {"handlers": [], "level": LOG_LEVEL, "propagate": True},
        "django.request": {"filters": ["health"]},
        # The reason of each refused host or form is in the answer; the log would be a megaphone.
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        "daphne": {"level": "WARNING"},
        "holdfast.requests": {"level": REQUEST_LOG_LEVEL},
        "holdfast.sockets": {"level": REQUEST_LOG_LEVEL},
        "holdfast.tasks": {"level": REQUEST_LOG_LEVEL},
        # Its own lines of each task say the same with less.
        "celery.app.trace": {"level": "ERROR"},
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
    },
}
if SLACK_WEBHOOK_URL:
    LOGGING["handlers"]["slack"] = {
        "class": "integrations.error_reports.SlackHandler",
        "url": SLACK_WEBHOOK_URL,
        "filters": ["request"],
    }
    LOGGING["root"]["handlers"].append("slack")
if SENTRY_DSN:
    import_module("config.sentry").begin(
        SENTRY_DSN, environment=SENTRY_ENVIRONMENT, release="holdfast"
    )
