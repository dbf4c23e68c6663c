"""Where the keys are that wrap the keys of stored credentials; see docs/vault.md."""

from pathlib import Path

from config.env import env
from config.settings_parts.servers import HOLDFAST_DATA, IS_EMBEDDED

# Embedded, a file of the data folder. Servers share no folder, so there keys come by other ways.
VAULT_KEY_PROVIDER = env.choice(
    "VAULT_KEY_PROVIDER",
    default="file" if IS_EMBEDDED else "env",
    choices=("file", "env", "aws-kms", "vault-transit"),
)
VAULT_KEY_FILE: Path = env.path(
    "VAULT_KEY_FILE", default=HOLDFAST_DATA / "secrets" / "vault-keys.json"
)
# name:base64 of 32 bytes, parted by commas; the first wraps, the others open.
VAULT_KEYS = env.named_keys("VAULT_KEYS", size=32)

AWS_REGION = env.text("AWS_REGION", default="us-east-1")
AWS_ACCESS_KEY_ID = env.text("AWS_ACCESS_KEY_ID", default="")
AWS_SECRET_ACCESS_KEY = env.text("AWS_SECRET_ACCESS_KEY", default="")
AWS_SESSION_TOKEN = env.text("AWS_SESSION_TOKEN", default="")
AWS_KMS_KEY_ID = env.text("AWS_KMS_KEY_ID", default="")
# Where it is not Amazon's own address, as with an endpoint inside a private network.
AWS_KMS_URL = env.web_address("AWS_KMS_URL")

VAULT_TRANSIT_URL = env.web_address("VAULT_TRANSIT_URL")
VAULT_TRANSIT_TOKEN = env.text("VAULT_TRANSIT_TOKEN", default="")
VAULT_TRANSIT_KEY = env.text("VAULT_TRANSIT_KEY", default="holdfast")
VAULT_TRANSIT_NAMESPACE = env.text("VAULT_TRANSIT_NAMESPACE", default="")
