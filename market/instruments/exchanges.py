"""The exchanges we know by their market identifier code (ISO 10383). Pure data.

Places that never close have no code there; theirs are our own.
"""

from dataclasses import dataclass
from typing import Final

ROUND_THE_CLOCK: Final = "24/7"  # each local day is a session, from midnight to midnight


@dataclass(frozen=True, slots=True)
class ExchangeFacts:
    mic: str
    name: str
    timezone: str  # IANA name
    calendar: str  # name in exchange_calendars
    country: str  # ISO 3166-1; empty where it has none


KNOWN_EXCHANGES: Final[dict[str, ExchangeFacts]] = {
    facts.mic: facts
    for facts in (
        ExchangeFacts("XNYS", "New York Stock Exchange", "America/New_York", "XNYS", "US"),
        ExchangeFacts("XNAS", "Nasdaq", "America/New_York", "XNYS", "US"),
        ExchangeFacts("ARCX", "NYSE Arca", "America/New_York", "XNYS", "US"),
        ExchangeFacts("XASE", "NYSE American", "America/New_York", "XNYS", "US"),
        ExchangeFacts("BATS", "Cboe BZX", "America/New_York", "XNYS", "US"),
        ExchangeFacts("XTSE", "Toronto Stock Exchange", "America/Toronto", "XTSE", "CA"),
        ExchangeFacts("XLON", "London Stock Exchange", "Europe/London", "XLON", "GB"),
        ExchangeFacts("XETR", "Xetra", "Europe/Berlin", "XETR", "DE"),
        ExchangeFacts("XFRA", "Frankfurt Stock Exchange", "Europe/Berlin", "XFRA", "DE"),
        ExchangeFacts("XPAR", "Euronext Paris", "Europe/Paris", "XPAR", "FR"),
        ExchangeFacts("XAMS", "Euronext Amsterdam", "Europe/Amsterdam", "XAMS", "NL"),
        ExchangeFacts("XBRU", "Euronext Brussels", "Europe/Brussels", "XBRU", "BE"),
        ExchangeFacts("XMIL", "Borsa Italiana", "Europe/Rome", "XMIL", "IT"),
        ExchangeFacts("XMAD", "Bolsa de Madrid", "Europe/Madrid", "XMAD", "ES"),
        ExchangeFacts("XSWX", "SIX Swiss Exchange", "Europe/Zurich", "XSWX", "CH"),
        ExchangeFacts("XSTO", "Nasdaq Stockholm", "Europe/Stockholm", "XSTO", "SE"),
        ExchangeFacts("XTKS", "Tokyo Stock Exchange", "Asia/Tokyo", "XTKS", "JP"),
        ExchangeFacts("XHKG", "Hong Kong Exchanges", "Asia/Hong_Kong", "XHKG", "HK"),
        ExchangeFacts("XASX", "Australian Securities Exchange", "Australia/Sydney", "XASX", "AU"),
        ExchangeFacts("CRYP", "Coins, traded round the clock", "UTC", ROUND_THE_CLOCK, ""),
        ExchangeFacts("TIKI", "Tiki", "Asia/Ho_Chi_Minh", ROUND_THE_CLOCK, "VN"),
    )
}
