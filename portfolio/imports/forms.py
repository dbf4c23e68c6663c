"""Forms of imports: what to take in, how it is read, what its rows mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from django import forms

from accounts.problem_forms import ProblemForm
from portfolio.bookkeeping.drafts import EntryKind
from portfolio.forms import MONEY_INPUT
from portfolio.imports.decisions import characters_of
from portfolio.imports.kinds import KINDS
from portfolio.imports.named_lots import LOTS
from portfolio.imports.profiles import GENERIC, PROFILES
from portfolio.imports.values import DateOrder, Field
from portfolio.models import FileImport, FileImportRow, Portfolio

FILES: Final = ".csv,.txt,.tsv,.xlsx,.zip,.json"
PLAIN: Final = {"autocomplete": "off"}
PROFILE_CHOICES: Final = (
    ("", "Find out"),
    *((one.name, one.label) for one in PROFILES.values() if one is not GENERIC),
    (GENERIC.name, GENERIC.label),
)
# Fields that a column can be chosen for, in the order of a list of trades.
MAPPED: Final[Mapping[Field, str]] = {
    Field.OCCURRED_AT: "Date",
    Field.TIME: "Time of day",
    Field.KIND: "What happened",
    Field.SYMBOL: "Symbol",
    Field.ISIN: "ISIN",
    Field.QUANTITY: "Units",
    Field.UNIT_PRICE: "Price of one",
    Field.AMOUNT: "Amount before charges",
    Field.NET_AMOUNT: "Amount with charges",
    Field.FEES: "Fees",
    Field.TAXES: "Taxes",
    Field.CURRENCY: "Currency",
    Field.EXCHANGE_RATE: "Exchange rate",
    Field.EXTERNAL_ID: "Id at the source",
    Field.PORTFOLIO: "Portfolio",
    Field.NOTE: "Note",
}
EDITED: Final = (
    *("kind", "occurred_at", "symbol", "quantity", "unit_price", "amount", "fees", "taxes"),
    *("currency", "exchange_rate", "note"),
)
# What only some kinds have.
EDITED_OF_KIND: Final[Mapping[str, tuple[str, ...]]] = {
    EntryKind.SPLIT.value: ("ratio_from", "ratio_to"),
    EntryKind.SPIN_OFF.value: ("from_symbol", "cost_share"),
    EntryKind.SELL.value: (LOTS,),
    EntryKind.TRANSFER_IN.value: (LOTS,),
}
LABELS: Final = {
    "occurred_at": "When",
    "ratio_from": "Units before the split",
    "ratio_to": "Units after the split",
    "from_symbol": "Spun off from",
}
HELP: Final = {
    "cost_share": "The fraction of its cost that goes with it: 0.2 is a fifth.",
    "occurred_at": "2024-01-31, or 2024-01-31T15:30:00Z",
    LOTS: 'Of a sale: [{"of": "id of the purchase", "quantity": "3"}]. Of a transfer:'
    ' [{"opened_at": "2024-01-31T15:30:00Z", "quantity": "3", "cost": "450"}]. Emptied, the'
    " portfolio's own method chooses.",
}
DECIMALS: Final = frozenset(
    {
        *("quantity", "unit_price", "amount", "fees", "taxes", "exchange_rate"),
        *("ratio_from", "ratio_to", "cost_share"),
    }
)


class ImportForm(ProblemForm):
    """A file or a paste."""

    file = forms.FileField(
        required=False,
        help_text="CSV, XLSX, JSON, or a zip of several.",
        widget=forms.ClearableFileInput(attrs={"accept": FILES}),
    )
    text = forms.CharField(
        required=False,
        label="Or paste a table",
        strip=False,
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}),
    )
    profile = forms.ChoiceField(required=False, choices=PROFILE_CHOICES, label="Where it is from")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if not cleaned.get("file") and not str(cleaned.get("text", "")).strip():
            self.add_error("file", "Choose a file, or paste a table below.")
        return cleaned

    def content(self) -> bytes:
        file = self.cleaned_data["file"]
        return bytes(file.read()) if file else str(self.cleaned_data["text"]).encode()

    def file_name(self) -> str:
        file = self.cleaned_data["file"]
        return str(file.name) if file else ""


class ReadingForm(ProblemForm):
    """How the file is read: its source, its styles, and a column for each field."""

    profile = forms.ChoiceField(required=False, choices=PROFILE_CHOICES, label="Where it is from")
    date_order = forms.ChoiceField(
        choices=(
            (DateOrder.DAY_FIRST.value, "Day, month, year"),
            (DateOrder.MONTH_FIRST.value, "Month, day, year"),
        ),
        label="Dates of numbers",
    )
    decimal_mark = forms.ChoiceField(
        choices=((".", "1,234.50"), (",", "1.234,50")), label="Numbers"
    )

    def __init__(self, found: FileImport, data: Mapping[str, Any] | None = None) -> None:
        initial = {
            "profile": found.asked_profile or found.profile,
            "date_order": found.date_order,
            "decimal_mark": found.decimal_mark,
        }
        super().__init__(data, initial=initial)
        # What a profile reads and nobody is asked for, such as lots and ratios of splits.
        self.unasked = {
            name: column for name, column in found.mapping.items() if name not in MAPPED
        }
        columns = [("", "—"), *((column, column) for column in found.columns)]
        for field, label in MAPPED.items():
            self.fields[f"map_{field}"] = forms.ChoiceField(
                required=False,
                choices=columns,
                label=label,
                initial=found.mapping.get(field, ""),
            )

    @property
    def mapped(self) -> list[forms.BoundField]:
        return [self[f"map_{field}"] for field in MAPPED]

    def said(self) -> dict[str, Any]:
        """What was changed; another source begins with its own columns and styles."""
        if "profile" in self.changed_data:
            return {"profile": self.cleaned_data["profile"]}
        said: dict[str, Any] = {
            name: self.cleaned_data[name]
            for name in ("date_order", "decimal_mark")
            if name in self.changed_data
        }
        if any(name.startswith("map_") for name in self.changed_data):
            mapping = {field: self.cleaned_data[f"map_{field}"] for field in MAPPED}
            chosen = {field.value: column for field, column in mapping.items() if column}
            said["mapping"] = self.unasked | chosen
        return said


class ChoicesForm(ProblemForm):
    """What the names of a file mean here. Fields are numbered: names may hold anything."""

    def __init__(
        self,
        symbols: Sequence[str],
        accounts: Sequence[str],
        portfolios: Iterable[Portfolio],
        data: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(data)
        self.symbols, self.accounts = symbols, accounts
        for index, name in enumerate(symbols):
            self.fields[f"symbol_{index}"] = forms.CharField(
                required=False,
                max_length=40,
                label=name,
                widget=forms.TextInput(attrs={**PLAIN, "placeholder": "Symbol here, as XNAS:AAPL"}),
            )
        owned = [("", "—"), *((str(one.id), one.name) for one in portfolios)]
        for index, name in enumerate(accounts):
            self.fields[f"portfolio_{index}"] = forms.ChoiceField(
                required=False, choices=owned, label=f"Portfolio for {name}"
            )

    def said(self) -> dict[str, dict[str, str]]:
        return {
            "symbols": self._chosen("symbol", self.symbols),
            "portfolios": self._chosen("portfolio", self.accounts),
        }

    def _chosen(self, prefix: str, names: Sequence[str]) -> dict[str, str]:
        given = {name: self.cleaned_data[f"{prefix}_{i}"] for i, name in enumerate(names)}
        return {name: value.strip() for name, value in given.items() if value.strip()}


def fact_field(name: str) -> forms.Field:
    if name == "kind":
        kinds = [(kind, kind.replace("_", " ").capitalize()) for kind in sorted(KINDS)]
        return forms.ChoiceField(choices=[("", "—"), *kinds], required=False)
    widget: forms.Widget = forms.TextInput(attrs=MONEY_INPUT if name in DECIMALS else PLAIN)
    if name == LOTS:
        widget = forms.Textarea(attrs={"rows": 3, "spellcheck": "false"})
    return forms.CharField(
        required=False,
        max_length=characters_of(name),
        label=LABELS.get(name),
        help_text=HELP.get(name, ""),
        widget=widget,
    )


class RowForm(ProblemForm):
    """The facts of one row, to be mended. What is emptied is taken away."""

    def __init__(self, row: FileImportRow, data: Mapping[str, Any] | None = None) -> None:
        initial = {**row.facts, "symbol": row.instrument.symbol if row.instrument else row.symbol}
        super().__init__(data, initial=initial)
        of_kind = EDITED_OF_KIND.get(row.facts.get("kind", ""), ())
        for name in (*EDITED, *of_kind):
            self.fields[name] = fact_field(name)

    def changes(self) -> dict[str, str]:
        return {name: str(self.cleaned_data[name]).strip() for name in self.changed_data}
