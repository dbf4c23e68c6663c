"""What may go wrong with a broker: surely, or so that nobody knows."""

from __future__ import annotations

from trading.errors import TradingError


class BrokerError(TradingError):
    """The root of what goes wrong with a broker. Messages hold no credentials."""

    code = "broker_error"


class DefiniteBrokerError(BrokerError):
    """The broker said no; asking the same again changes nothing."""

    code = "broker_refused"


class SignInNeeded(DefiniteBrokerError):
    """The session has expired, or the credentials are no longer good."""

    code = "broker_sign_in_needed"


class PermissionMissing(DefiniteBrokerError):
    """The credentials are good, and not for this."""

    code = "broker_permission_missing"


class FundsMissing(DefiniteBrokerError):
    code = "broker_funds_missing"


class UnitsMissing(DefiniteBrokerError):
    code = "broker_units_missing"


class RequestInvalid(DefiniteBrokerError):
    """The broker cannot make sense of what was asked."""

    code = "broker_request_invalid"


class SymbolUnknown(DefiniteBrokerError):
    code = "broker_symbol_unknown"


class MarketClosed(DefiniteBrokerError):
    code = "broker_market_closed"


class OrderRepeated(DefiniteBrokerError):
    """It has an order of that client's id already."""

    code = "broker_order_repeated"


class NotSupported(DefiniteBrokerError):
    """The broker, or its adapter, has nothing of that kind; see its capabilities."""

    code = "broker_not_supported"


class UnclearBrokerError(BrokerError):
    """Nobody knows whether what was asked has happened."""

    code = "broker_unclear"


class BrokerBusy(UnclearBrokerError):
    """It wants to be left alone for ``retry_after_seconds``."""

    code = "broker_busy"

    def __init__(self, message: str, *, retry_after_seconds: float) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class BrokerUnavailable(UnclearBrokerError):
    """It is not well, or cannot be reached."""

    code = "broker_unavailable"


class BrokerTimedOut(UnclearBrokerError):
    """No answer came in time."""

    code = "broker_timed_out"


class BadBrokerAnswer(UnclearBrokerError):
    """The answer cannot be read: fields are missing, or are not what they were."""

    code = "broker_bad_answer"
