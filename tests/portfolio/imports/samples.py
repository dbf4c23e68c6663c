# ruff: noqa: E501 - lines of files are as long as they are
"""Files as the sources export them, made up and short; nobody's data."""

from __future__ import annotations

import io
import json
import re
import zipfile
from datetime import date, datetime
from typing import Any, Final

from openpyxl import Workbook

# As workbooks note it of themselves.
TIME_OF_WRITING: Final = re.compile(rb"(?<=>)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ(?=</dcterms:)")
WRITTEN: Final = b"2024-01-02T00:00:00Z"

GENERIC: Final = """Date;Type;Symbol;Shares;Price;Fees;Currency;Order ID
31.01.2024;Buy;AAPL;10;1.185,50;1,00;USD;A-1
01.02.2024;Sell;AAPL;4;1.190,25;1,00;USD;A-2
02.02.2024;Dividend;AAPL;;;;USD;A-3
""".encode("cp1252")

IBKR_STATEMENT: Final = b"""Statement,Header,Field Name,Field Value
Statement,Data,BrokerName,Interactive Brokers
Account Information,Header,Field Name,Field Value
Account Information,Data,Account,U1234567
Trades,Header,DataDiscriminator,Asset Category,Currency,Symbol,Date/Time,Quantity,T. Price,C. Price,Proceeds,Comm/Fee,Basis,Realized P/L,MTM P/L,Code
Trades,Data,Order,Stocks,USD,AAPL,"2024-01-02, 09:30:00",10,185.5,186,-1855,-1,1856,0,5,O
Trades,Data,Order,Stocks,USD,AAPL,"2024-02-02, 10:00:00",-4,190.25,190,761,-1.02,-742.4,17.58,1,C
Trades,SubTotal,,Stocks,USD,AAPL,,6,,,-1094,-2.02,1113.6,17.58,6,
Trades,Header,DataDiscriminator,Asset Category,Currency,Symbol,Date/Time,Quantity,T. Price,,Proceeds,Comm in USD,,,MTM in USD,Code
Trades,Data,Order,Forex,USD,EUR.USD,"2024-01-02, 09:31:00","1,000",1.09,,-1090,-2,,,0,
Dividends,Header,Currency,Date,Description,Amount
Dividends,Data,USD,2024-02-15,AAPL(US0378331005) Cash Dividend USD 0.24 per Share (Ordinary Dividend),2.4
Dividends,Data,Total,,,2.4
Withholding Tax,Header,Currency,Date,Description,Amount,Code
Withholding Tax,Data,USD,2024-02-15,AAPL(US0378331005) Cash Dividend USD 0.24 per Share - US Tax,-0.36,
Withholding Tax,Data,Total,,,-0.36,
Deposits & Withdrawals,Header,Currency,Settle Date,Description,Amount
Deposits & Withdrawals,Data,USD,2024-01-01,Electronic Fund Transfer,5000
Deposits & Withdrawals,Data,USD,2024-03-01,Disbursement,-100
Deposits & Withdrawals,Data,Total,,,4900
Interest,Header,Currency,Date,Description,Amount
Interest,Data,USD,2024-03-04,USD Debit Interest for Feb-2024,-1.5
"""

IBKR_ACTIONS: Final = b"""Corporate Actions,Header,Asset Category,Currency,Report Date,Date/Time,Description,Quantity,Proceeds,Value,Realized P/L,Code
Corporate Actions,Data,Stocks,USD,2024-06-10,"2024-06-07, 20:25:00","NVDA(US67066G1040) Split 10 for 1 (NVDA, NVIDIA CORP, US67066G1040)",90,0,0,0,
Corporate Actions,Data,Stocks,USD,2024-07-02,"2024-07-01, 20:25:00","GE(US3696041033) Split 1 for 8 (GE, GENERAL ELECTRIC, US3696043013)",10,0,0,0,
Corporate Actions,Data,Stocks,USD,2024-07-02,"2024-07-01, 20:25:00","GE(US3696041033) Split 1 for 8 (GE.OLD, GENERAL ELECTRIC, US3696041033)",-80,0,0,0,
Corporate Actions,Data,Stocks,USD,2024-07-09,"2024-07-08, 20:25:00","ABC(US0000000002) Merged(Acquisition) FOR USD 5.00 PER SHARE (ABC, ABC INC, US0000000002)",-3,15,0,0,
Corporate Actions,Data,Total,,,,,,15,0,0,
Transfers,Header,Asset Category,Currency,Symbol,Date,Type,Direction,Xfer Company,Xfer Account,Qty,Xfer Price,Market Value,Realized P/L,Cash Amount,Code
Transfers,Data,Stocks,USD,MSFT,2024-04-02,ACATS,In,Other Broker,X-1,5,0,2000,0,0,
Transfers,Data,Total,,,,,,,,,,2000,0,0,
Open Positions,Header,DataDiscriminator,Asset Category,Currency,Symbol,Quantity
Open Positions,Data,Summary,Stocks,USD,AAPL,6
Stock Grants,Header,Symbol,Report Date,Description,Award Date,Quantity
Stock Grants,Data,IBKR,2024-05-01,Bonus,2023-05-01,1.5
Stock Grants,Data,IBKR,2024-05-02,Bonus,2023-05-02,1.5
"""

IBKR_FLEX: Final = b""""ClientAccountID","CurrencyPrimary","AssetClass","Symbol","Description","ISIN","TradeID","DateTime","Quantity","TradePrice","IBCommission","Taxes","Buy/Sell","LevelOfDetail"
"U1","USD","STK","AAPL","APPLE INC","US0378331005","1001","20240102;093000","10","185.5","-1","0","BUY","EXECUTION"
"U1","USD","STK","AAPL","APPLE INC","US0378331005","","20240102","10","185.5","-1","0","BUY","SUMMARY"
"U1","USD","STK","AAPL","APPLE INC","US0378331005","1002","20240202;100000","-4","190.25","-1.02","0","SELL","EXECUTION"
"U1","USD","CASH","EUR.USD","EUR.USD","","1003","20240203;100000","-500","1.091","-1.8","0","SELL","EXECUTION"
"""

DEGIRO: Final = b"""Date,Time,Product,ISIN,Reference exchange,Venue,Quantity,Price,,Local value,,Value,,Exchange rate,Transaction and/or third party fees,,Total,,Order ID
02-01-2024,09:04,ASML HOLDING,NL0010273215,EAM,XAMS,1,40.2,EUR,-40.20,EUR,-40.20,EUR,,-1.30,EUR,-41.50,EUR,o-1
02-01-2024,09:04,ASML HOLDING,NL0010273215,EAM,XAMS,1,40.2,EUR,-40.20,EUR,-40.20,EUR,,-0.10,EUR,-40.30,EUR,o-1
02-01-2024,09:04,ASML HOLDING,NL0010273215,EAM,XAMS,5,40.2,EUR,-201.00,EUR,-201.00,EUR,,-0.49,EUR,-201.49,EUR,o-1
02-01-2024,09:04,ASML HOLDING,NL0010273215,EAM,XAMS,1,40.2,EUR,-40.20,EUR,-40.20,EUR,,-0.10,EUR,-40.30,EUR,o-1
13-02-2024,16:30,APPLE INC,US0378331005,NDQ,XNAS,-2,200,USD,400.00,USD,320.00,EUR,1.25,-0.80,EUR,319.20,EUR,o-2
"""

DEGIRO_ACCOUNT: Final = b"""Datum,Tijd,Valutadatum,Product,ISIN,Omschrijving,FX,Mutatie,,Saldo,,Order Id
15-02-2024,07:30,14-02-2024,APPLE INC,US0378331005,Dividend,,USD,"2,40",USD,"2,40",
15-02-2024,07:30,14-02-2024,APPLE INC,US0378331005,Dividendbelasting,,USD,"-0,36",USD,"2,04",
02-01-2024,09:04,02-01-2024,ASML HOLDING,NL0010273215,"Koop 1 @ 40,2 EUR",,EUR,"-40,20",EUR,"1.000,00",o-1
01-01-2024,08:00,01-01-2024,,,iDEAL Deposit,,EUR,"1.250,75",EUR,"1.250,75",
15-02-2024,07:31,14-02-2024,,,Valuta Debitering,,USD,"-2,04",USD,"0,00",
15-02-2024,07:31,14-02-2024,,,Valuta Creditering,"1,0800",EUR,"1,89",EUR,"1.002,00",
02-01-2024,09:04,02-01-2024,ASML HOLDING,NL0010273215,Valuta Debitering,,EUR,"-40,20",EUR,"1.000,00",o-1
31-01-2024,08:00,31-01-2024,,,DEGIRO Aansluitingskosten 2024 (Xetra),,EUR,"-2,50",EUR,"1.248,25",
"""

TRADING212: Final = b"""Action,Time,ISIN,Ticker,Name,No. of shares,Price / share,Currency (Price / share),Exchange rate,Result,Currency (Result),Total,Currency (Total),Withholding tax,Currency (Withholding tax),Notes,ID,Currency conversion fee,Currency (Currency conversion fee)
Deposit,2024-01-02 08:00:00,,,,,,,,,,1000.00,EUR,,,Bank,D1,,
Market buy,2024-01-02 09:00:00.123,US0378331005,AAPL,Apple,2.5000000000,200.00,USD,1.25,,,400.60,EUR,,,,EOF1,0.60,EUR
Market sell,2024-02-02 09:00:00,GB00BH4HKS39,VOD,Vodafone,1000.0000000000,243.08,GBX,85.00000000,1.00,EUR,2859.76,EUR,,,,EOF2,,
Dividend (Ordinary),2024-02-15 09:00:00,US0378331005,AAPL,Apple,2.5000000000,0.204,USD,Not available,,,0.41,EUR,0.09,USD,,,,
Currency conversion,2024-02-16 09:00:00,,,,,,,,,,,,,,0.50 GBP -> 0.58 EUR,FX1,,
Currency conversion,2024-02-17 09:00:00,,,,,,,,,,5.00,EUR,,,,FX2,,
"""

SCHWAB: Final = b""""Transactions  for account Individual XXXX-1234 as of 03/02/2024 09:00:00 ET"
"Date","Action","Symbol","Description","Quantity","Price","Fees & Comm","Amount"
"02/15/2024 as of 02/14/2024","Qualified Dividend","AAPL","APPLE INC","","","","$2.40"
"02/02/2024","Sell","AAPL","APPLE INC","4","$190.25","$0.02","$760.98"
"01/02/2024","Buy","AAPL","APPLE INC","1,000","$185.50","","-$185,500.00"
"01/01/2024","MoneyLink Transfer","","Tfr BANK","","","","$200,000.00"
"01/01/2024","MoneyLink Transfer","","Tfr BANK","","","","-$100.00"
"Transactions Total","","","","","","","$14,561.38"
"""

FIDELITY: Final = b"""

Run Date,Action,Symbol,Description,Type,Quantity,Price ($),Commission ($),Fees ($),Accrued Interest ($),Amount ($),Settlement Date
01/02/2024,YOU BOUGHT APPLE INC (AAPL) (Cash),AAPL,APPLE INC,Cash,10,185.5,,0.01,,-1855.01,01/04/2024
02/15/2024,DIVIDEND RECEIVED APPLE INC (AAPL) (Cash),AAPL,APPLE INC,Cash,0,,,,,2.4,
01/01/2024,Electronic Funds Transfer Received (Cash),,No Description,Cash,0,,,,,5000,

"The data and information in this spreadsheet is provided to you solely for your use"
"""

COINBASE: Final = b"""Transactions
User,alice,1234
ID,Timestamp,Transaction Type,Asset,Quantity Transacted,Price Currency,Price at Transaction,Subtotal,Total (inclusive of fees and/or spread),Fees and/or Spread,Notes
c1,2024-01-02 09:00:00 UTC,Buy,BTC,0.01,USD,$45000.00,$450.00,$456.71,$6.71,Bought 0.01 BTC
c2,2024-02-02 09:00:00 UTC,Rewards Income,ETH,0.001,USD,$2300.00,$2.30,$2.30,$0.00,
c3,2024-02-03 09:00:00 UTC,Convert,BTC,0.005,USD,$45000.00,$225.00,$227.00,$2.00,Converted 0.005 BTC to 0.1 ETH
c4,2024-02-04 09:00:00 UTC,Deposit,USD,500,USD,$1.00,$500.00,$500.00,$0.00,
"""

KRAKEN: Final = b""""txid","ordertxid","pair","time","type","ordertype","price","cost","fee","vol","margin","misc","ledgers"
"T1","O1","XXBTZEUR","2024-01-02 09:00:00.1234","buy","limit","40000.00000","400.00000","0.64000","0.01000000","0.00000","",""
"T2","O2","ETH/EUR","2024-02-02 09:00:00.1234","sell","limit","2100.00000","210.00000","0.33600","0.10000000","0.00000","",""
"""

KRAKEN_LEDGER: Final = b""""txid","refid","time","type","subtype","aclass","asset","wallet","amount","fee","balance"
"","R0","2024-01-01 08:00:00","deposit","","currency","ZEUR","spot / main","1000.0000","0.0000",""
"L1","R0","2024-01-01 08:00:05","deposit","","currency","ZEUR","spot / main","1000.0000","0.5000","999.5000"
"L2","R1","2024-01-02 09:00:00","trade","","currency","ZEUR","spot / main","-400.0000","0.6400","598.8600"
"L3","R2","2024-01-03 09:00:00","withdrawal","","currency","ZEUR","spot / main","-100.0000","0.0000","498.8600"
"L4","R3","2024-01-04 09:00:00","staking","","currency","ETH2.S","spot / main","0.0100000000","0.0000000000","0.0100"
"L5","R4","2024-01-05 09:00:00","earn","allocation","currency","SOL","earn / flexible","5.0000","0.0000","5.0000"
"L6","R4","2024-01-05 09:00:00","earn","reward","currency","EUR.M","earn / flexible","0.5000","0.0000","0.5000"
"L7","R5","2024-01-06 09:00:00","withdrawal","","currency","XXBT","spot / main","-0.0100","0.0002","0.0000"
"""

HOLDFAST: Final = b"""portfolio,kind,occurred_at,symbol,quantity,unit_price,amount,fees,taxes,currency,exchange_rate,external_id,note
Savings,deposit,2024-01-01T08:00:00Z,,,,5000,0,0,USD,,d-1,
Savings,buy,2024-01-02T14:30:00Z,AAPL,10,185.5,1855,1,0,USD,,b-1,first
"""


def ghostfolio() -> bytes:
    content: dict[str, Any] = {
        "meta": {"date": "2024-03-01T00:00:00.000Z", "version": "2.50.0"},
        "accounts": [{"id": "acc-1", "name": "Depot", "currency": "USD", "balance": 1.5}],
        "activities": [
            {
                "accountId": "acc-1",
                "comment": None,
                "fee": 1,
                "quantity": 10,
                "type": "BUY",
                "unitPrice": 185.5,
                "currency": "USD",
                "dataSource": "YAHOO",
                "date": "2024-01-02T00:00:00.000Z",
                "symbol": "AAPL",
            },
            {
                "accountId": "acc-1",
                "comment": "quarter",
                "fee": 0,
                "quantity": 10,
                "type": "DIVIDEND",
                "unitPrice": 0.24,
                "currency": "USD",
                "dataSource": "YAHOO",
                "date": "2024-02-15T00:00:00.000Z",
                "symbol": "AAPL",
            },
        ],
    }
    return json.dumps(content).encode()


def workbook(*sheets: list[list[Any]]) -> bytes:
    book = Workbook()
    book.remove(book.active)
    for number, rows in enumerate(sheets, start=1):
        sheet = book.create_sheet(f"Sheet {number}")
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    with zipfile.ZipFile(out) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    return packed({name: TIME_OF_WRITING.sub(WRITTEN, part) for name, part in parts.items()})


def etoro() -> bytes:
    header = ["Date", "Type", "Details", "Amount", "Units", "Realized Equity Change", "Position ID"]
    return workbook(
        [["Account Summary"], ["Name", "Alice"]],
        [
            header,
            ["02/01/2024 09:30:00", "Open Position", "AAPL/USD", 1855.0, 10.0, 0, 777],
            ["13/02/2024 09:30:00", "Dividend", "AAPL/USD", 2.4, "-", 2.4, 777],
            ["14/02/2024 09:30:00", "Position closed", "AAPL/USD", 1902.5, 10, 47.5, 777],
            ["01/01/2024 08:00:00", "Deposit", "500.00 USD", 500, "-", 500, ""],
        ],
    )


def typed_workbook() -> bytes:
    return workbook(
        [
            ["Date", "Type", "Symbol", "Shares", "Price", "Fees"],
            [datetime(2024, 1, 2, 9, 30), "Buy", "AAPL", 10, 185.5, 1],  # noqa: DTZ001
            [date(2024, 2, 2), "Sell", "AAPL", 4, 190.25, 0.1],
        ]
    )


def zipped(**files: bytes) -> bytes:
    return packed({f"{name}.csv": content for name, content in files.items()})


def packed(files: dict[str, bytes]) -> bytes:
    """A zip that is the same whenever it is made, so that what a seed found is found again."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


SAMPLES: Final[dict[str, bytes]] = {
    "generic": GENERIC,
    "ibkr": IBKR_STATEMENT + IBKR_ACTIONS,
    "ibkr_flex": IBKR_FLEX,
    "degiro": DEGIRO,
    "degiro_account": DEGIRO_ACCOUNT,
    "trading212": TRADING212,
    "schwab": SCHWAB,
    "fidelity": FIDELITY,
    "etoro": etoro(),
    "coinbase": COINBASE,
    "kraken": KRAKEN,
    "kraken_ledger": KRAKEN_LEDGER,
    "ghostfolio": ghostfolio(),
    "holdfast": HOLDFAST,
}
