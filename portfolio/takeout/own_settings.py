"""What a user has set, as tables, and what of it can be brought back beside what he has.

Members and links are written for him to read. They do not come back: the people may not be here,
and of a link nobody keeps what opens it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from accounts.models import User
from accounts.restorations import LeftOut
from accounts.table_files import MOMENT, PRICE, TEXT, Column, Row, Table
from portfolio.holdings.thresholds import ThresholdsRefused, change_thresholds
from portfolio.imports.values import DateOrder, Field
from portfolio.models import Portfolio, PortfolioMember, RiskThreshold, SavedMapping, ShareLink
from portfolio.takeout.members import Facts
from portfolio.takeout.own_tables import folder_of, listed
from portfolio.takeout.rows import Unusable, number_of, text_of

LIMITS: Final = (Column("portfolio", TEXT), Column("rule", TEXT), Column("maximum_pct", PRICE))
MAPPINGS: Final = tuple(
    Column(name, TEXT) for name in ("columns_digest", "mapping", "date_order", "decimal_mark")
)
MEMBERS: Final = (
    *(Column(name, TEXT) for name in ("portfolio", "email", "role")),
    Column("added_at", MOMENT),
)
LINKS: Final = (
    *(Column(name, TEXT) for name in ("portfolio", "label")),
    *(Column(name, MOMENT) for name in ("created_at", "expires_at", "revoked_at")),
)
DIGEST_BYTES: Final = 32
MAPPING_CHARACTERS: Final = 20_000
MARKS: Final = ("", ".", ",")


def limit_table(owner: User, folders: Mapping[UUID, str]) -> Table:
    """His limits of the X-ray; without a portfolio where one is for all."""
    own = RiskThreshold.objects.filter(user=owner)
    rows = own.filter(portfolio=None) | own.filter(portfolio__in=list(folders))
    ordered = rows.annotate(folder=folder_of(folders)).order_by("folder", "rule")
    return listed("risk_limits", LIMITS, ordered, ("folder", "rule", "maximum_pct"))


def mapping_table(owner: User) -> Table:
    """How he mapped files; which columns a mapping is for, their digest says."""
    saved = SavedMapping.objects.filter(owner=owner).order_by("columns_digest")

    def rows() -> Iterator[Row]:
        for one in saved:
            mapping = json.dumps(one.mapping, sort_keys=True)
            yield (bytes(one.columns_digest).hex(), mapping, one.date_order, one.decimal_mark)

    return Table("import_mappings", MAPPINGS, rows)


def member_table(folders: Mapping[UUID, str]) -> Table:
    """With whom he shares what."""
    members = PortfolioMember.objects.filter(portfolio__in=list(folders))
    ordered = members.annotate(folder=folder_of(folders)).order_by("folder", "user__email", "id")
    return listed("members", MEMBERS, ordered, ("folder", "user__email", "role", "added_at"))


def link_table(folders: Mapping[UUID, str]) -> Table:
    """Links that he made, without what opens them."""
    links = ShareLink.objects.filter(portfolio__in=list(folders))
    ordered = links.annotate(folder=folder_of(folders)).order_by("folder", "created_at", "id")
    times = ("created_at", "expires_at", "revoked_at")
    return listed("share_links", LINKS, ordered, ("folder", "label", *times))


def bring_limits(
    owner: User, rows: Sequence[Facts], portfolios: Mapping[str, UUID], at: datetime
) -> tuple[int, list[LeftOut]]:
    """Set limits that he has not set himself; how many, and which make no sense."""
    opened = Portfolio.objects.for_user(owner).in_bulk(list(portfolios.values()))
    kept = set(RiskThreshold.objects.filter(user=owner).values_list("portfolio", "rule"))
    count, left_out = 0, []
    for row in rows:
        folder, rule = text_of(row, "portfolio"), text_of(row, "rule")
        portfolio = opened.get(portfolios[folder]) if folder in portfolios else None
        if (portfolio and portfolio.id, rule) in kept:
            continue
        try:
            limit = number_of(row, "maximum_pct")
            if limit is None or (folder and portfolio is None):
                raise Unusable("The takeout does not say how much, or of what.")
            change_thresholds(user=owner, portfolio=portfolio, limits={rule: limit}, changed_at=at)
            count += 1
        except (Unusable, ThresholdsRefused) as error:
            name = f"{folder} {rule}".strip()[:160]
            left_out.append(LeftOut("risk_limit", name, "incomplete", str(error)[:300]))
    return count, left_out


def bring_mappings(owner: User, rows: Sequence[Facts], at: datetime) -> tuple[int, list[LeftOut]]:
    """Keep mappings of columns that he has not mapped since."""
    count, left_out = 0, []
    for row in rows:
        try:
            digest, facts = mapping_in(row)
        except ValueError as error:
            name = text_of(row, "columns_digest")[:160]
            left_out.append(LeftOut("import_mapping", name, "incomplete", str(error)[:300]))
            continue
        _, is_made = SavedMapping.objects.get_or_create(
            owner=owner, columns_digest=digest, defaults=facts | {"saved_at": at}
        )
        count += is_made
    return count, left_out


def mapping_in(row: Facts) -> tuple[bytes, dict[str, Any]]:
    """Raises:
    ValueError: it is no mapping of columns.
    """
    digest = bytes.fromhex(text_of(row, "columns_digest"))
    text, order, mark = (text_of(row, name) for name in ("mapping", "date_order", "decimal_mark"))
    if len(digest) != DIGEST_BYTES or len(text) > MAPPING_CHARACTERS:
        raise Unusable("The takeout does not say of which columns it is.")
    mapping: Any = json.loads(text)
    if not isinstance(mapping, dict) or not all(
        name in set(Field) and isinstance(column, str) for name, column in mapping.items()
    ):
        raise Unusable("It maps something that is no field of an activity.")
    if (order and order not in set(DateOrder)) or mark not in MARKS:
        raise Unusable("It knows no such order of dates, or mark of decimals.")
    return digest, {"mapping": mapping, "date_order": order, "decimal_mark": mark}
