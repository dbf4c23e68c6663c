"""The order book as programs get it."""

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field

from accounts.schemas import SchemaOut


class BookLevelOut(SchemaOut):
    """One price. `size` is what the street shows there plus what users' orders want."""

    price: str
    size: str
    street_size: str
    user_size: str
    orders: Annotated[int, Field(description="resting orders of users at this price")]
    cumulative_size: Annotated[str, Field(description="of this price and all better ones")]


class OrderBookOut(SchemaOut):
    """Bids descend, asks ascend. Without any quote there is no street, and it is stale."""

    symbol: str
    currency: str
    bid: str | None
    ask: str | None
    spread: str | None
    mid: str | None
    bids: list[BookLevelOut]
    asks: list[BookLevelOut]
    occurred_at: Annotated[datetime | None, Field(description="of the street's quote")]
    is_stale: bool
    source: str | None

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "symbol": "AAPL",
                "currency": "USD",
                "bid": "236",
                "ask": "236.02",
                "spread": "0.02",
                "mid": "236.01",
                "bids": [
                    {
                        "price": "236",
                        "size": "310",
                        "street_size": "300",
                        "user_size": "10",
                        "orders": 1,
                        "cumulative_size": "310",
                    }
                ],
                "asks": [
                    {
                        "price": "236.02",
                        "size": "100",
                        "street_size": "100",
                        "user_size": "0",
                        "orders": 0,
                        "cumulative_size": "100",
                    }
                ],
                "occurred_at": "2026-01-05T14:30:00.250000Z",
                "is_stale": False,
                "source": "simulated",
            }
        }
    )
