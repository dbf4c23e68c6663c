"""Django's settings, read top to bottom.

Nothing need be set: without DATABASE_URL and REDIS_URL the desk uses the embedded servers of its
data folder. With both it uses those, and asks for the secrets that go with a real set-up.
"""

from decimal import Decimal
from pathlib import Path

import django_stubs_ext

from config.env import env, postgres_settings
from config.limits import LIMITS as DEFAULT_LIMITS
from config.limits import Limits
from config.settings_parts.doors import *  # noqa: F403
from config.settings_parts.doors import CORS_ALLOWED_ORIGINS
from config.settings_parts.exports import *  # noqa: F403
from config.settings_parts.people import *  # noqa: F403
from config.settings_parts.people import social_login
from config.settings_parts.prices import *  # noqa: F403
from config.settings_parts.records import *  # noqa: F403
from config.settings_parts.servers import *  # noqa: F403
from config.settings_parts.servers import (
    BASE_DIR,
    DATABASE_URL,
    HOLDFAST_DATA,
    IS_EMBEDDED,
    REDIS_URL,
)
from config.settings_parts.vault import *  # noqa: F403

# Lets classes that Django left plain be written with their type: ModelForm[User].
django_stubs_ext.monkeypatch()

LIMITS: Limits = DEFAULT_LIMITS

# --- The house -------------------------------------------------------------------------------

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
    *social_login.applications,
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
    "config.middleware.method_pages.MethodPagesMiddleware",
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
    "config.middleware.page_limits.PageLimitsMiddleware",
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

# Off where a pooler may give each transaction of a request another session.
PREPARED_STATEMENTS = env.boolean("PREPARED_STATEMENTS", default=True)

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
    "portfolio.tasks.seal_journal": {"queue": "money"},
    "portfolio.tasks.*": {"queue": "valuations"},
    "market.tasks.*": {"queue": "ingestion"},
    "integrations.tasks.run_sync": {"queue": "brokers"},
    "integrations.tasks.send_live_order": {"queue": "brokers"},
    "integrations.tasks.look_at_live_orders": {"queue": "brokers"},
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
        "trading.tasks.adjust_over_splits": 60,
        "trading.tasks.carry_out_resets": 5,
        "trading.tasks.carry_out_closings": 5,
        "portfolio.tasks.check_books": 60,
        "portfolio.tasks.seal_journal": 60,
        "portfolio.tasks.verify_ledger": 24 * 3600,
        "portfolio.tasks.refresh_all_valuations": 3600,
        "portfolio.tasks.book_market_actions": 3600,
        "portfolio.tasks.tend_imports": 15,
        "market.tasks.ensure_partitions": 3600,
        "market.tasks.request_price_runs": 60,
        "market.tasks.take_in_folder": 60,
        "market.tasks.backfill_simulated": 24 * 3600,
        "market.tasks.load_exchange_rates": 6 * 3600,
        "integrations.tasks.request_due_syncs": 15,
        "integrations.tasks.follow_live_orders": 5,
        "integrations.tasks.look_at_proxies": 60,
        "integrations.tasks.tend_exports": 60,
    }.items()
}
CELERY_BEAT_SCHEDULE_FILENAME = str(HOLDFAST_DATA / "celerybeat-schedule")

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

# Brokers elsewhere than at their own addresses, by name, such as a gateway of the operator's.
BROKER_URLS = env.web_addresses("BROKER_URLS")
# The operator's own proxies, through which brokers are reached; none means straight.
BROKER_PROXIES = env.proxies("BROKER_PROXIES")

# --- Alerts ----------------------------------------------------------------------------------

# Fulfils market.alerts.holdings.HoldingSource: what the holdings that alerts depend on cost.
ALERT_HOLDING_SOURCE = "portfolio.alert_holdings.PortfolioHoldings"

# --- Orders ----------------------------------------------------------------------------------

# Instruments are dealt out over this many matchers; each runs as `matcher --shard i/n`.
MATCHER_SHARDS = env.integer("MATCHER_SHARDS", default=1, minimum=1, maximum=64)
# A name in trading.commissions.SCHEDULES, for portfolios without a schedule of their own; orders
# keep the schedule they were placed under.
COMMISSION_SCHEDULE = env.choice("COMMISSION_SCHEDULE", default="free", choices=("free", "retail"))

# --- Who knows what of the investors -----------------------------------------------------------

# Who knows the users' orders in the order book; see market.depth.resting_orders.
RESTING_ORDERS = "trading.exchange.resting_orders.WorkingOrders"

# Who knows what investors bought and sold, for their charts; see market.charting.own_fills.
OWN_FILLS = "trading.listing.chart_fills.OwnFills"

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
