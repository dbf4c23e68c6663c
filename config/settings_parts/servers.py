"""Where the servers and the data folder are."""

from pathlib import Path

from config.env import BadEnvironment, env
from config.servers.data_folder import DataFolder

BASE_DIR = Path(__file__).resolve().parent.parent.parent

HOLDFAST_DATA: Path = env.path("HOLDFAST_DATA", default=BASE_DIR / "var")
data_folder = DataFolder(HOLDFAST_DATA)
_database_url = env.postgres_url("DATABASE_URL")
_redis_url = env.redis_url("REDIS_URL")
if bool(_database_url) != bool(_redis_url):
    raise BadEnvironment(
        "REDIS_URL" if _database_url else "DATABASE_URL",
        found=None,
        allowed="set together with the other one, or neither",
    )
IS_EMBEDDED: bool = _database_url is None
DATABASE_URL: str = _database_url or data_folder.connection().database_url
REDIS_URL: str = _redis_url or data_folder.connection().redis_url
