"""What apps above tell of in the streams of portfolios, beside what trading knows itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StreamSource:
    """Events told as ``{"type": name, "<name>_id": subject_id, "id": "<name>:<id>", "seq": …}``.

    Attributes:
        name: lower-case letters and underscores; no other source has it.
        select: SQL of rows with the columns ``id`` (text), ``xid`` (bigint) and ``subject_id``
            (text): what happened in the portfolio ``%(portfolio)s`` since the transaction
            ``%(since)s``, that one included, before ``%(until)s``, and concerns the user
            ``%(watcher)s``, who may be null. An ``id`` is of one event for good; of one transaction
            they are in order of length and text. Whoever writes such an event rings the portfolio
            after the commit.
    """

    name: str
    select: str


_sources: dict[str, StreamSource] = {}


def register_stream_source(source: StreamSource) -> None:
    """Tell of these events from now on, live and after breaks; called once, when an app starts."""
    _sources[source.name] = source


def stream_sources() -> tuple[StreamSource, ...]:
    return tuple(_sources.values())
