"""Who may speak to us, from where, and what browsers are told."""

from config.env import env
from config.limits import LIMITS
from config.settings_parts.servers import IS_EMBEDDED, data_folder

DEBUG = env.boolean("DEBUG", default=False)
if IS_EMBEDDED:
    SECRET_KEY = env.find("SECRET_KEY") or data_folder.secret("django_secret_key")
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

# --- Requests -----------------------------------------------------------------------------------

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
