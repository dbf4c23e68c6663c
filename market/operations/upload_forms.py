"""What staff uploads: files of prices, and of dividends and splits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile


def checked_size(file: UploadedFile[Any] | None, *, allowed: int) -> UploadedFile[Any] | None:
    """Raises:
    django.forms.ValidationError: the file is bigger than allowed.
    """
    if file is not None and (file.size or 0) > allowed:
        raise forms.ValidationError(f"The file has {file.size} bytes, must have at most {allowed}.")
    return file


class PriceFileForm(forms.Form):
    file = forms.FileField(
        label="Prices",
        widget=forms.FileInput(attrs={"accept": ".csv,.gz,.zip,text/csv"}),
        help_text=(
            "A CSV of daily prices, plain, gzip or zip: symbol, date, open, high, low, close,"
            " volume, and where known adj_close, currency."
        ),
    )
    instruments = forms.FileField(
        label="Instruments",
        required=False,
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
        help_text="Where its instruments are new: a CSV of them, as for the instrument master.",
    )

    def clean_file(self) -> UploadedFile[Any] | None:
        return checked_size(self.cleaned_data["file"], allowed=settings.LIMITS.upload_bytes)

    def clean_instruments(self) -> UploadedFile[Any] | None:
        return checked_size(
            self.cleaned_data["instruments"], allowed=settings.LIMITS.instrument_file_bytes
        )


class ActionFileForm(forms.Form):
    file = forms.FileField(
        label="Dividends and splits",
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
        help_text=(
            "A CSV: symbol, ex_date, and amount_per_share or ratio_from and ratio_to; where known"
            " kind, currency, pay_date, is_in_history."
        ),
    )

    def clean_file(self) -> UploadedFile[Any] | None:
        return checked_size(
            self.cleaned_data["file"], allowed=settings.LIMITS.corporate_action_file_bytes
        )
