"""The lake's contract as Arrow schemas: columns, types, sort orders, keys.

`docs/lake.md` explains each column; `models/staging/_lake__sources.yml` documents them for dbt.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

SCHEMA_VERSION = 1

UTC = pa.timestamp("us", tz="UTC")
STRIKE = pa.decimal128(9, 3)

PRICE_BASES = ("raw", "split_adjusted", "total_return")
SEGMENTS = ("pre", "regular", "post", "day")
DAY_SECONDS = 86_400  # bar_seconds of a day bar or day aggregate
SNAPSHOT_SECONDS = 0  # bar_seconds of a quote snapshot


@dataclass(frozen=True)
class Dataset:
    """One kind of day file.

    Parameters
    ----------
    name
        Folder in the lake.
    schema
        Arrow schema of every file; all columns are present, optional ones may be null.
    key
        Columns that identify a row inside a day file.
    sort
        Order of the rows on disk (ties keep the order of import).
    cover
        Column that, with source and bar_seconds, says what an import replaces.
    plain
        Text that hardly ever repeats in a file: a dictionary of it would be the column again.
    """

    name: str
    schema: pa.Schema
    key: tuple[str, ...]
    sort: tuple[str, ...]
    cover: str
    plain: tuple[str, ...] = ()

    @property
    def dictionary(self) -> list[str]:
        """Columns that are written with a dictionary."""
        return dictionary_columns(self.schema, self.plain)


def dictionary_columns(schema: pa.Schema, plain: tuple[str, ...] = ()) -> list[str]:
    """Return the text columns of a schema but for those named."""
    strings = [field.name for field in schema if pa.types.is_string(field.type)]
    return [name for name in strings if name not in plain]


def _fields(**types: pa.DataType) -> pa.Schema:
    return pa.schema([pa.field(name, kind) for name, kind in types.items()])


STOCKS = Dataset(
    name="stocks",
    schema=_fields(
        symbol=pa.string(),
        ts=UTC,
        known_at=UTC,
        bar_seconds=pa.int32(),
        source=pa.string(),
        price_basis=pa.string(),
        segment=pa.string(),
        open=pa.float64(),
        high=pa.float64(),
        low=pa.float64(),
        close=pa.float64(),
        volume=pa.float64(),
        transactions=pa.int64(),
        vwap=pa.float64(),
    ),
    key=("symbol", "source", "bar_seconds", "ts"),
    sort=("symbol", "source", "bar_seconds", "ts"),
    cover="symbol",
)

OPTIONS = Dataset(
    name="options",
    schema=_fields(
        symbol=pa.string(),
        root=pa.string(),
        underlying=pa.string(),
        expiration=pa.date32(),
        strike=STRIKE,
        option_type=pa.string(),
        dte=pa.int32(),
        ts=UTC,
        known_at=UTC,
        bar_seconds=pa.int32(),
        source=pa.string(),
        open=pa.float64(),
        high=pa.float64(),
        low=pa.float64(),
        close=pa.float64(),
        volume=pa.float64(),
        transactions=pa.int64(),
        bid=pa.float64(),
        ask=pa.float64(),
        bid_size=pa.float64(),
        ask_size=pa.float64(),
        open_interest=pa.float64(),
        vendor_iv=pa.float64(),
        vendor_delta=pa.float64(),
        underlying_price=pa.float64(),
    ),
    key=("root", "expiration", "strike", "option_type", "source", "bar_seconds", "ts"),
    sort=(
        "underlying",
        "root",
        "expiration",
        "strike",
        "option_type",
        "source",
        "bar_seconds",
        "ts",
    ),
    cover="underlying",
    plain=("symbol",),
)

DATASETS = {dataset.name: dataset for dataset in (STOCKS, OPTIONS)}


@dataclass(frozen=True)
class Reference:
    """One long reference table: `reference/<name>.parquet`.

    Parameters
    ----------
    name, schema
        The file and its columns.
    key
        What an import replaces.
    may_repeat
        Whether several rows share a key: an ordinary and a special dividend on one ex-date.
    """

    name: str
    schema: pa.Schema
    key: tuple[str, ...]
    may_repeat: bool = False


REFERENCES = {
    reference.name: reference
    for reference in (
        Reference(
            "dividends",
            _fields(
                symbol=pa.string(),
                ex_date=pa.date32(),
                amount=pa.float64(),
                declared_date=pa.date32(),
                source=pa.string(),
                known_at=UTC,
            ),
            ("symbol", "ex_date", "source"),
            may_repeat=True,
        ),
        Reference(
            "splits",
            _fields(
                symbol=pa.string(),
                ex_date=pa.date32(),
                numerator=pa.float64(),
                denominator=pa.float64(),
                source=pa.string(),
                known_at=UTC,
            ),
            ("symbol", "ex_date", "source"),
        ),
        Reference(
            "rates",
            _fields(
                date=pa.date32(),
                tenor_days=pa.int32(),
                rate=pa.float64(),
                source=pa.string(),
                known_at=UTC,
            ),
            ("date", "tenor_days", "source"),
        ),
        Reference(
            "index_levels",
            _fields(
                index=pa.string(),
                session_date=pa.date32(),
                open=pa.float64(),
                high=pa.float64(),
                low=pa.float64(),
                close=pa.float64(),
                source=pa.string(),
                known_at=UTC,
            ),
            ("index", "session_date", "source"),
        ),
        Reference(
            "events",
            _fields(
                event=pa.string(),
                date=pa.date32(),
                time=pa.string(),  # HH:MM New York
                source=pa.string(),
                known_at=UTC,
            ),
            ("event", "date", "time", "source"),
        ),
    )
}

REJECTS = _fields(
    dataset=pa.string(),
    source=pa.string(),
    file=pa.string(),  # the vendor's file name, without its folder
    row=pa.int64(),  # 1-based data row in that file; a row that yields two contracts counts each
    session_date=pa.date32(),
    entity=pa.string(),  # symbol or contract as the vendor wrote it
    reason=pa.string(),
    detail=pa.string(),
)
