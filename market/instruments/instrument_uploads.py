"""Files of instruments as browsers and programs send them."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import UploadedFile

from market.instruments.instrument_files import ImportedInstruments, import_instruments


def take_in_upload(upload: UploadedFile[Any], *, imported_at: datetime) -> ImportedInstruments:
    """Create and update the instruments of an upload; raises as ``import_instruments``."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "instruments.csv"
        with path.open("wb") as file:
            for chunk in upload.chunks():
                file.write(chunk)
        return import_instruments(path, imported_at=imported_at)
