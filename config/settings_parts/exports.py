"""Where exports are written, and for how long nights are kept."""

from pathlib import Path

from config.env import env
from config.settings_parts.servers import HOLDFAST_DATA

# Web and worker must see the same folder.
EXPORTS: Path = env.path("EXPORTS", default=HOLDFAST_DATA / "exports")
# Days that what each night wrote is kept; 0 writes none.
EXPORT_NIGHTS = env.integer("EXPORT_NIGHTS", default=30, minimum=0, maximum=3650)
