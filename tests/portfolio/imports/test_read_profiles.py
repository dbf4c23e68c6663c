"""Each profile on a file as its source exports it."""

from __future__ import annotations

import pytest

from portfolio.imports.errors import UnknownProfile, UnreadableImport
from portfolio.imports.profiles import GENERIC, PROFILES
from tests.portfolio.imports.reading import in_words, read, words
from tests.portfolio.imports.samples import SAMPLES

ELSEWHERE = "skipped: Part of a trade; the list of transactions has it."
EXPECTED = {
    "generic": [
        "buy AAPL quantity=10 unit_price=1185.5 fees=1",
        "sell AAPL quantity=4 unit_price=1190.25 fees=1",
        "dividend AAPL",
    ],
    "ibkr": [
        "buy AAPL quantity=10 unit_price=185.5 fees=1",
        "sell AAPL quantity=4 unit_price=190.25 fees=1.02",
        "transfer_in amount=1000",
        "transfer_out amount=1090",
        "fee amount=2",
        "dividend AAPL amount=2.4",
        "skipped: A total.",
        "tax AAPL amount=0.36",
        "skipped: A total.",
        "deposit amount=5000",
        "withdrawal amount=100",
        "skipped: A total.",
        "fee amount=1.5",
        "split NVDA",
        "split GE",
        "skipped: Part of a split; the row of the new share tells it.",
        "kind unclear",
        "skipped: A total.",
        "kind unclear",
        "skipped: A total.",
        "skipped: The table 'Stock Grants' is not read here.",
    ],
    "ibkr_flex": [
        "buy AAPL quantity=10 unit_price=185.5 fees=1",
        "skipped: A summary of other rows.",
        "sell AAPL quantity=4 unit_price=190.25 fees=1.02",
        "transfer_out amount=500",
        "transfer_in amount=545.5",
        "fee amount=1.8",
    ],
    "degiro": [
        "buy NL0010273215 quantity=1 unit_price=40.2 fees=1.3",
        "buy NL0010273215 quantity=1 unit_price=40.2 fees=0.1",
        "buy NL0010273215 quantity=5 unit_price=40.2 fees=0.49",
        "buy NL0010273215 quantity=1 unit_price=40.2 fees=0.1",
        "sell US0378331005 quantity=2 unit_price=200 fees=1 exchange_rate=0.8",
    ],
    "degiro_account": [
        "dividend US0378331005 amount=2.4",
        "tax US0378331005 amount=0.36",
        ELSEWHERE,
        "deposit amount=1250.75",
        "transfer_out amount=2.04",
        "transfer_in amount=1.89",
        ELSEWHERE,
        "fee amount=2.5",
    ],
    "trading212": [
        "deposit amount=1000",
        "buy AAPL quantity=2.5 unit_price=200 fees=0.75 exchange_rate=0.8",
        "sell VOD quantity=1000 unit_price=2.4308 exchange_rate=1.1764705882",
        "dividend AAPL amount=0.5 taxes=0.09",
        "transfer_out amount=0.5",
        "transfer_in amount=0.58",
        "kind unclear",
    ],
    "schwab": [
        "dividend AAPL amount=2.4",
        "sell AAPL quantity=4 unit_price=190.25 fees=0.02",
        "buy AAPL quantity=1000 unit_price=185.5",
        "deposit amount=200000",
        "withdrawal amount=100",
        "skipped: A remark, or an empty row.",
    ],
    "fidelity": [
        "buy AAPL quantity=10 unit_price=185.5 fees=0.01",
        "dividend AAPL amount=2.4",
        "deposit amount=5000",
        "skipped: A remark, or an empty row.",
    ],
    "etoro": [
        "buy AAPL quantity=10 amount=1855",
        "dividend AAPL amount=2.4",
        "sell AAPL quantity=10 amount=1902.5",
        "deposit amount=500",
    ],
    "coinbase": [
        "buy BTC quantity=0.01 unit_price=45000 fees=6.71",
        "interest amount=2.3",
        "buy ETH quantity=0.001 amount=2.3",
        "sell BTC quantity=0.005 amount=225 fees=2",
        "buy ETH quantity=0.1 amount=223",
        "deposit amount=500",
    ],
    "kraken": [
        "buy BTC quantity=0.01 unit_price=40000 fees=0.64",
        "sell ETH quantity=0.1 unit_price=2100 fees=0.336",
    ],
    "kraken_ledger": [
        "skipped: Not carried out yet.",
        "deposit amount=1000",
        "fee amount=0.5",
        "skipped: Part of a trade; the list of trades has it.",
        "withdrawal amount=100",
        "interest",
        "buy ETH2 quantity=0.01",
        "skipped: Moved inside of the exchange.",
        "interest amount=0.5",
        "transfer_out BTC quantity=0.0102",
    ],
    "ghostfolio": [
        "buy AAPL quantity=10 unit_price=185.5 fees=1",
        "dividend AAPL amount=2.4",
    ],
    "holdfast": [
        "deposit amount=5000",
        "buy AAPL quantity=10 unit_price=185.5 fees=1",
    ],
}


def test_every_profile_has_a_sample() -> None:
    assert EXPECTED.keys() == SAMPLES.keys() == PROFILES.keys()


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_file_is_known_by_its_columns_and_read(name: str) -> None:
    found = read(SAMPLES[name])
    assert found.profile == name
    assert [in_words(row) for row in found.rows] == EXPECTED[name]


@pytest.mark.parametrize("name", sorted(set(EXPECTED) - {GENERIC.name}))
def test_a_file_of_another_source_is_refused_by_a_profile(name: str) -> None:
    with pytest.raises(UnreadableImport):
        read("a,b\n1,2\n", profile=name)


def test_a_profile_that_nobody_knows_is_refused() -> None:
    with pytest.raises(UnknownProfile):
        read(SAMPLES["generic"], profile="nobody")


def test_times_are_of_the_zone_of_the_source() -> None:
    moments = [row.facts["occurred_at"] for row in read(SAMPLES["ibkr"]).rows[:2]]
    assert moments == ["2024-01-02T14:30:00Z", "2024-02-02T15:00:00Z"]


def test_external_ids_name_their_source_but_for_our_own() -> None:
    assert read(SAMPLES["kraken"]).rows[0].facts["external_id"] == "kraken:T1"
    assert read(SAMPLES["holdfast"]).rows[0].facts["external_id"] == "d-1"
    assert read(SAMPLES["coinbase"]).rows[2].facts["external_id"] == "coinbase:c2/1"


def test_rows_name_their_portfolio() -> None:
    assert {row.portfolio for row in read(SAMPLES["ghostfolio"]).rows} == {"Depot"}


def test_pence_become_pounds() -> None:
    file = "date,type,symbol,shares,price,currency\n2024-01-02,buy,VOD,1000,243.08,GBX\n"
    (row,) = read(file).rows
    assert (row.facts["unit_price"], row.facts["currency"]) == ("2.4308", "GBP")


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        pytest.param("Total cost", "22004.40", id="named as such"),
        pytest.param("Price,Total", "22004.40,22004.40", id="in the column of the price too"),
    ],
)
def test_a_total_cost_is_not_the_price_of_one(header: str, cells: str) -> None:
    file = f"Date,Type,Symbol,Shares,{header}\n2024-01-02,buy,AAPL,139,{cells}\n"
    assert words(file) == ["buy AAPL quantity=139 amount=22004.4"]


def test_a_kind_that_nobody_knows_is_a_problem_of_its_row_alone() -> None:
    file = "Date,Type,Symbol,Shares,Price\n2024-01-02,buy,A,1,2\n2024-01-03,frobnicate,A,1,2\n"
    assert words(file) == ["buy A quantity=1 unit_price=2", "kind unknown"]


def test_an_adjustment_keeps_its_sign_and_nothing_else_does() -> None:
    file = (
        "Date,Type,Symbol,Shares,Amount\n2024-01-02,adjustment,AAPL,-2,\n"
        "2024-01-03,adjustment,,,-12.5\n2024-01-04,transfer out,AAPL,-3,\n"
    )
    assert words(file) == [
        "adjustment AAPL quantity=-2",
        "adjustment amount=-12.5",
        "transfer_out AAPL quantity=3",
    ]


def test_money_that_is_changed_leaves_one_currency_and_comes_into_another() -> None:
    rows = [row.facts for row in read(SAMPLES["ibkr"]).rows if "EUR.USD" in row.raw]
    assert [(one["kind"], one["currency"], one["amount"]) for one in rows] == [
        ("transfer_in", "EUR", "1000"),
        ("transfer_out", "USD", "1090"),
        ("fee", "USD", "2"),
    ]
    assert len({one["occurred_at"] for one in rows}) == 1


def test_a_split_counts_from_the_day_on_which_the_exchange_opens_next() -> None:
    splits = [row for row in read(SAMPLES["ibkr"]).rows if row.facts.get("kind") == "split"]
    facts = [(row.symbol, row.facts["ratio_from"], row.facts["ratio_to"]) for row in splits]
    assert facts == [("NVDA", "1", "10"), ("GE", "8", "1")]
    days = [row.facts["occurred_at"][:10] for row in splits]
    assert days == ["2024-06-10", "2024-07-02"]


def test_what_a_statement_tells_and_nobody_reads_is_said_in_its_words() -> None:
    said = [row.problems[0].message for row in read(SAMPLES["ibkr"]).rows if row.problems]
    assert "Merged(Acquisition) FOR USD 5.00 PER SHARE" in said[0]
    assert said[1].startswith("Transfers are not read here: 'MSFT'.")


def test_a_reward_is_income_that_bought_units_at_their_worth() -> None:
    head = "txid,refid,time,type,subtype,aclass,asset,amount,fee,balance,amountusd"
    row = "L1,R1,2024-01-02 09:00:00,earn,reward,currency,XETH,0.011,0.001,1,23.5"
    rows = read(f"{head}\n{row}\n").rows
    assert [in_words(one) for one in rows] == [
        "interest amount=23.5",
        "buy ETH quantity=0.01 amount=23.5",
    ]
    assert {one.facts["currency"] for one in rows} == {"USD"}
    taken_back = row.replace("0.011", "-0.011")
    assert words(f"{head}\n{taken_back}\n") == ["kind unclear"]


COINBASE_HEAD = (
    "ID,Timestamp,Transaction Type,Asset,Quantity Transacted,Price Currency,Price at Transaction,"
    "Subtotal,Total (inclusive of fees and/or spread),Fees and/or Spread,Notes"
)


@pytest.mark.parametrize(
    ("asset", "quantity", "note", "expected"),
    [
        pytest.param(
            *("BTC", "-0.005", "Converted 0.005 BTC to 0.1 ETH"),
            ["sell BTC quantity=0.005 amount=225 fees=2", "buy ETH quantity=0.1 amount=223"],
            id="newer files sign what left",
        ),
        pytest.param(
            *("USD", "225", "Converted 225 USD to 223 USDC"),
            ["buy USDC quantity=223 amount=223"],
            id="money bought a coin",
        ),
        pytest.param(
            *("USDC", "225", "Converted 225 USDC to 223 USD"),
            ["sell USDC quantity=225 amount=225 fees=2"],
            id="a coin was sold",
        ),
        pytest.param(
            *("USDC", "225", "Converted 225 USDC to 200 EUR"), ["kind unclear"], id="other money"
        ),
        pytest.param(*("BTC", "0.005", ""), ["kind unclear"], id="nothing is said of the other"),
    ],
)
def test_what_is_converted_is_sold_and_bought(
    asset: str, quantity: str, note: str, expected: list[str]
) -> None:
    row = (
        f"c3,2024-02-03 09:00:00 UTC,Convert,{asset},{quantity},USD,$1,$225.00,$227.00,$2.00,{note}"
    )
    assert words(f"{COINBASE_HEAD}\n{row}\n") == expected


def test_newer_files_of_trading_212_have_columns_for_changed_money() -> None:
    header = (
        "Action,Time,ISIN,Ticker,Name,No. of shares,Price / share,Currency (Price / share),"
        "Exchange rate,Total,Currency (Total),ID,Currency conversion from amount,"
        "Currency (Currency conversion from amount),Currency conversion to amount,"
        "Currency (Currency conversion to amount)"
    )
    row = "Currency conversion,2026-05-26 13:31:10,,,,,,,,,,fx-1,100,USD,86.50,EUR"
    rows = read(f"{header}\n{row}\n").rows
    told = [(one.facts["kind"], one.facts["amount"], one.facts["currency"]) for one in rows]
    assert told == [("transfer_out", "100", "USD"), ("transfer_in", "86.5", "EUR")]
