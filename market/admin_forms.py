"""Instruments in Django's admin, by the rules of the pages and files."""

from __future__ import annotations

from typing import Any

from django import forms

from market.currencies.currency_units import CURRENCY_CODE
from market.instruments.exchange_rows import make_exchanges
from market.instruments.instrument_files import COUNTRY, ISIN, SYMBOL, SYMBOL_WORDS
from market.models import Exchange, Instrument
from market.operations.forms import EXCHANGES, ProviderSymbolsField, code_field


class InstrumentAdminForm(forms.ModelForm[Instrument]):
    """Fields whose form the database does not check; what is fixed is absent on an existing one."""

    symbol = code_field(SYMBOL, label="Symbol", words=f"{SYMBOL_WORDS}.", required=True)
    exchange = forms.ChoiceField(choices=EXCHANGES)
    currency = code_field(
        CURRENCY_CODE,
        label="Currency",
        words="A currency has three letters, like USD.",
        required=True,
    )
    isin = code_field(ISIN, label="ISIN", words="An ISIN reads like US0378331005.", required=False)
    country = code_field(
        COUNTRY, label="Country", words="A country has two letters, like US.", required=False
    )
    provider_symbols = ProviderSymbolsField(required=False)

    def clean_exchange(self) -> Exchange:
        """The row, made where this is the first instrument there: the model's form needs it."""
        mic: str = self.cleaned_data["exchange"]
        make_exchanges([mic])
        return Exchange.objects.get(mic=mic)

    class Meta:
        model = Instrument
        fields = (
            "symbol",
            "name",
            "exchange",
            "currency",
            "asset_class",
            "isin",
            "country",
            "sector",
            "industry",
            "tick_size",
            "lot_size",
            "provider_symbols",
        )

    def facts(self) -> dict[str, Any]:
        """For ``instrument_master.list_instrument``."""
        return self.cleaned_data | {"exchange": self.cleaned_data["exchange"].mic}
