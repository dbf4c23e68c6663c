"""The files that an export consists of, in the order in which they are written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from accounts.table_files import Table, csv_chunks, json_chunks, parquet_chunks
from integrations.exports import datasets, everything
from integrations.exports.parts import Part
from integrations.models.exports import Dataset, Export


@dataclass(frozen=True, slots=True)
class Piece:
    """One file: where it goes within the export's folder, and what goes into it."""

    path: str
    table: Callable[[], Table]
    chunks: Callable[[Table], Iterator[bytes]] = parquet_chunks


def pieces_of(export: Export) -> list[Piece]:
    if export.dataset == Dataset.EVERYTHING and export.owner is not None:
        return [
            piece
            for path, table in everything.tables_of(export.owner)
            for piece in (
                Piece(f"{path}.csv", partial(itself, table), csv_chunks),
                Piece(f"{path}.json", partial(itself, table), json_chunks),
            )
        ]
    return [
        Piece(datasets.path_of(export, part), partial(table_of_part, export, part))
        for part in datasets.parts_of(export)
    ]


def table_of_part(export: Export, part: Part) -> Table:
    return datasets.table_of(export, part)


def itself(table: Table) -> Table:
    return table
