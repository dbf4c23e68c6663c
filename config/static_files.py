"""How collected static files are named and packed."""

from typing import Any

from django.conf import settings
from django.contrib.staticfiles.storage import HashedFilesMixin
from whitenoise.compress import Compressor
from whitenoise.storage import CompressedManifestStaticFilesStorage

_, _module_imports = HashedFilesMixin._js_module_import_aggregation_patterns  # type: ignore[attr-defined]


class StaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Fingerprinted names, so that each file may be cached for a year."""

    # Also where our ES modules import each other; those of libraries are left as they came,
    # because Django would read examples in their comments as imports.
    patterns = (*HashedFilesMixin.patterns, ("js/*.js", _module_imports))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._urls: dict[str, str] = {}  # by the name a template gives

    def url(self, name: str | None, force: bool = False) -> str:
        """As the manifest says, which is read once: a page asks dozens of times."""
        if name is None or settings.DEBUG:
            return str(super().url(name, force))
        if name not in self._urls:
            self._urls[name] = str(super().url(name, force))
        return self._urls[name]

    def create_compressor(self, **options: Any) -> Compressor:
        # Brotli takes half a minute for the chart library and wins nothing on loopback; images
        # for servers are built once and read over real networks.
        return Compressor(use_brotli=not settings.IS_EMBEDDED, **options)
