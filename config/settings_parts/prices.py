"""Where prices and exchange rates come from: live, of the past, and by file."""

from decimal import Decimal
from pathlib import Path

from config.env import env
from config.settings_parts.servers import HOLDFAST_DATA

# By name, or the class itself.
LIVE_PROVIDERS = {
    "alpaca": "integrations.providers.alpaca.live.AlpacaLive",
    "replay": "integrations.replay.live.ReplayLive",
    "simulated": "integrations.simulated.live.SimulatedLive",
}
_live_provider = env.text("LIVE_PROVIDER", default="simulated")
LIVE_PROVIDER = LIVE_PROVIDERS.get(_live_provider, _live_provider)
# What `replay` plays: a file, or a folder of them; see docs/providers.md.
REPLAY_FILES: Path = env.path("REPLAY_FILES", default=HOLDFAST_DATA / "recordings")
REPLAY_SPEED = env.decimal(
    "REPLAY_SPEED", default=Decimal(1), minimum=Decimal("0.01"), maximum=Decimal(10_000)
)
REPLAY_AT_END = env.choice("REPLAY_AT_END", default="stop", choices=("stop", "loop"))
HISTORY_PROVIDER = env.text(
    "HISTORY_PROVIDER", default="integrations.simulated.history.SimulatedHistory"
)

# Who may be asked for minutes, by name; see market.intake.bar_providers. Nobody is, unless a chain
# says so: "*=first>second, XNAS=second, XNAS:AAPL=first". The first that answers counts.
PRICE_PROVIDERS = {
    "alpaca": "integrations.providers.alpaca.bars.AlpacaBars",
    "tiki": "integrations.providers.tiki.bars.TikiBars",
    "yahoo": "integrations.providers.yahoo.bars.YahooBars",
}
# A folder whose price files are taken in; none where it is not set.
PRICE_FOLDER: Path | None = (
    env.path("PRICE_FOLDER", default=HOLDFAST_DATA) if env.find("PRICE_FOLDER") else None
)
PRICE_CHAINS = env.chains("PRICE_CHAINS", known=tuple(PRICE_PROVIDERS))
TIKI_URL = env.web_address("TIKI_URL")
ALPACA_DATA_URL = env.web_address("ALPACA_DATA_URL") or "https://data.alpaca.markets"
ALPACA_STREAM_URL = env.web_address("ALPACA_STREAM_URL") or "https://stream.data.alpaca.markets"
ALPACA_DATA_KEY = env.text("ALPACA_DATA_KEY", default="")
ALPACA_DATA_SECRET = env.text("ALPACA_DATA_SECRET", default="")
# iex: one exchange, free. sip: all of them. delayed_sip: all of them, a quarter of an hour late.
ALPACA_DATA_FEED = env.choice(
    "ALPACA_DATA_FEED", default="iex", choices=("iex", "sip", "delayed_sip")
)

# The European Central Bank's rates as a library ships them; and, where the operator names the
# address, the bank's own file, such as https://www.ecb.europa.eu/stats/eurofxref/eurofxref-hist.zip
ECB_RATES_URL = env.text("ECB_RATES_URL", default="")
RATE_PROVIDERS = [
    "integrations.providers.ecb.BundledRates",
    *(["integrations.providers.ecb.DownloadedRates"] if ECB_RATES_URL else []),
]
