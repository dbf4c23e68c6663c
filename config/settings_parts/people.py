"""How people sign in, and how mail reaches them."""

from pathlib import Path

from config.env import env
from config.limits import LIMITS
from config.settings_parts.servers import HOLDFAST_DATA, IS_EMBEDDED
from config.social_login import read_social_login

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
    "authenticate_webauthn": "accounts.sign_in_forms.SecondPasskeyForm",
    "login_webauthn": "accounts.sign_in_forms.OnlyPasskeyForm",
    "reauthenticate_webauthn": "accounts.sign_in_forms.ConfirmingPasskeyForm",
}
MFA_TOTP_ISSUER = "Holdfast"
# A used code is remembered for one period; a code good for longer could be used twice.
MFA_TOTP_TOLERANCE = 0
# A second factor would lock out the owner of an address somebody else signed up with. Where
# nobody confirms addresses there is nothing to wait for.
MFA_ALLOW_UNVERIFIED_EMAIL = ACCOUNT_EMAIL_VERIFICATION == "none"

# --- Signing in elsewhere --------------------------------------------------------------------

social_login = read_social_login(env)
SOCIALACCOUNT_ADAPTER = "accounts.whole_requests.ProviderAdapter"
SOCIALACCOUNT_PROVIDERS = social_login.providers
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
