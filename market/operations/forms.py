"""What staff types about instruments. The rules are those of the instrument files."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.conf import settings

from market.currencies.currency_units import CURRENCY_CODE
from market.instruments.exchanges import KNOWN_EXCHANGES
from market.instruments.instrument_files import (
    COUNTRY,
    ISIN,
    SYMBOL,
    SYMBOL_WORDS,
    TEXT_LENGTHS,
)
from market.instruments.provider_symbols import tidy
from market.models import Instrument
from market.models.instruments import AssetClass
from market.operations.upload_forms import checked_size

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

EXCHANGES: Final = tuple(
    (facts.mic, f"{facts.mic} · {facts.name}") for _, facts in sorted(KNOWN_EXCHANGES.items())
)
ACTIVE_CHOICES: Final = (("", "Any"), ("yes", "Active"), ("no", "Deactivated"))


class UpperCaseField(forms.RegexField):
    """A code in capital letters; typed small, it is taken all the same."""

    def to_python(self, value: Any) -> str:
        return str(super().to_python(value)).upper()


class ProviderSymbolsField(forms.CharField):
    """What providers call an instrument, in its one form."""

    def clean(self, value: Any) -> str:
        try:
            return tidy(str(super().clean(value)))
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error


def code_field(pattern: Any, *, label: str, words: str, required: bool) -> UpperCaseField:
    return UpperCaseField(
        f"^(?:{pattern.pattern})$",
        label=label,
        required=required,
        error_messages={"invalid": words},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class InstrumentListForm(forms.Form):
    search = forms.CharField(
        label="Symbol, name or ISIN",
        required=False,
        max_length=80,
        widget=forms.SearchInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    exchange = forms.CharField(label="Exchange (MIC)", required=False, max_length=4)
    active = forms.ChoiceField(label="State", required=False, choices=ACTIVE_CHOICES)

    def filters(self) -> dict[str, Any]:
        """A filter that makes no sense filters nothing."""
        found = self.cleaned_data if self.is_valid() else {}
        active = found.get("active")
        return {
            "search": found.get("search") or None,
            "exchange": (found.get("exchange") or "").upper() or None,
            "is_active": active == "yes" if active else None,
        }


class InstrumentForm(forms.Form):
    """What can be corrected about an instrument."""

    name = forms.CharField(max_length=TEXT_LENGTHS["name"])
    isin = code_field(ISIN, label="ISIN", words="An ISIN reads like US0378331005.", required=False)
    country = code_field(
        COUNTRY, label="Country", words="A country has two letters, like US.", required=False
    )
    sector = forms.CharField(required=False, max_length=TEXT_LENGTHS["sector"])
    industry = forms.CharField(required=False, max_length=TEXT_LENGTHS["industry"])
    provider_symbols = ProviderSymbolsField(
        required=False,
        help_text="Where a provider calls it otherwise: yahoo=BRK-B alpaca=BRK.B",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    @classmethod
    def of(cls, instrument: Instrument) -> InstrumentForm:
        return cls(initial={name: getattr(instrument, name) for name in cls.base_fields})


class NewInstrumentForm(InstrumentForm):
    symbol = code_field(SYMBOL, label="Symbol", words=f"{SYMBOL_WORDS}.", required=True)
    exchange = forms.ChoiceField(choices=EXCHANGES)
    currency = code_field(
        CURRENCY_CODE,
        label="Currency",
        words="A currency has three letters, like USD.",
        required=True,
    )
    asset_class = forms.ChoiceField(choices=AssetClass.choices)
    tick_size = forms.DecimalField(
        initial=Decimal("0.01"), max_digits=12, decimal_places=4, min_value=Decimal("0.0001")
    )
    lot_size = forms.DecimalField(
        initial=Decimal(1), max_digits=14, decimal_places=6, min_value=Decimal("0.000001")
    )

    field_order = ("symbol", "name", "exchange", "currency", "asset_class", "isin")

    def facts(self) -> dict[str, Any]:
        """For ``instrument_master.list_instrument``."""
        return self.cleaned_data


class InstrumentFileForm(forms.Form):
    file = forms.FileField(
        label="CSV file",
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
        help_text=(
            "symbol, name, exchange_mic, currency, and where known isin, country, sector,"
            " industry, asset_class, tick_size, lot_size, provider_symbols. Columns left out stay"
            " as they are."
        ),
    )

    def clean_file(self) -> UploadedFile[Any] | None:
        allowed = settings.LIMITS.instrument_file_bytes
        return checked_size(self.cleaned_data["file"], allowed=allowed)
