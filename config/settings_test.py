"""The settings of the tests. They change speed, and nothing else."""

from config.settings import *  # noqa: F403
from config.settings import INSTALLED_APPS, STORAGES

# Its flush is fast and passes the ledger's append-only triggers.
INSTALLED_APPS = ["tests.support", *INSTALLED_APPS]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
# Files are read where they lie, so no test waits for them to be collected.
STORAGES = STORAGES | {
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
