"""Our own export: the list of activities, whose columns are named as in the contract."""

from __future__ import annotations

from typing import Final

from portfolio.imports.profile import Profile, headed
from portfolio.imports.values import Field

PROFILE: Final = Profile(
    name="holdfast",
    label="Holdfast",
    signatures=(headed("portfolio", "kind", "occurred at", "external id", "unit price", "taxes"),),
    columns={
        field: (field.value.replace("_", " "),) for field in Field if field is not Field.NET_AMOUNT
    },
    kinds={},
    decimal_mark=".",
    keeps_external_ids=True,
)
