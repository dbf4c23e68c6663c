"""What a worker was asked to do to a whole import: all of it, or as if it had not been begun."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from portfolio.errors import PortfolioError
from portfolio.imports.progress import ImportReporter, is_alone, take_time, uncollected
from portfolio.models import FileImport
from portfolio.models.imports import ImportStatus

ERROR_CHARACTERS: Final = 500


def carry_out_asked(
    import_id: UUID,
    work: Callable[[FileImport, ImportReporter], None],
    *,
    asked: ImportStatus,
    interrupted: str,
    otherwise: Mapping[str, Any],
) -> None:
    """Do in one transaction what was asked for; harmless where it is done or somebody else does it.

    What the books refuse is told in the import.

    Args:
        asked: the status of an import for which this is to be done.
        interrupted: the words to tell where it ends for any other reason.
        otherwise: what the import's columns are to be where nothing was done.
    """
    failure = interrupted
    is_done = False
    with uncollected(), ImportReporter(import_id) as reporter:
        try:
            with transaction.atomic():
                found = FileImport.objects.filter(id=import_id).first()
                is_asked = found is not None and found.status == asked
                if found is not None and is_asked and is_alone(import_id):
                    take_time()
                    work(found, reporter)
            is_done = True
        except PortfolioError as error:
            failure = str(error)
        finally:
            if not is_done:
                reporter.update(**otherwise, error=failure[:ERROR_CHARACTERS])
