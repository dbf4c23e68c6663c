"""Why a file cannot be imported, or an import not be changed."""

from __future__ import annotations

from portfolio.errors import PortfolioError


class UnreadableImport(PortfolioError):
    """Nothing of the file can be read as activities; the words say why."""

    code = "unreadable_import"


class ImportTooLarge(UnreadableImport):
    """The file is larger than is taken in at once."""

    code = "import_too_large"


class UnknownProfile(PortfolioError):
    """There is no profile of that name."""

    code = "unknown_profile"


class BadNumber(ValueError):
    """A text is no number in the style of its file."""


class BadMoment(ValueError):
    """A text is no date or time in the style of its file."""
