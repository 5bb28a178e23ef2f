"""A batch of a vendor's rows becomes rows of the lake, and the rest rejects with a reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from engine.lake.importers import clock
from engine.lake.importers.mapping import OHLC, Mapping, RowSpec, TimeSpec
from engine.lake.importers.read import Batch, VendorFile
from engine.lake.importers.statement import BATCH, Statement, compile_row, compile_secondary
from engine.lake.schema import (
    DATASETS,
    DAY_SECONDS,
    REFERENCES,
    REJECTS,
    SNAPSHOT_SECONDS,
    STRIKE,
    UTC,
    Reference,
)
from engine.market import calendar, occ, roots

DAY = "_day"  # days since 1970 of the row's session: the day file it belongs to
PLACE = ("_row", "_entity")  # where a reference row stands in the file, and of what it is
BAR_SECONDS = {"day_bar": DAY_SECONDS, "minute_bar": 60, "snapshot": SNAPSHOT_SECONDS}
INDEX_DELAY_US = 15 * clock.MINUTE_US  # an index close is known 16:15 on a full day

# In order: the first that applies is a row's reason.
REASONS = (
    "unparsable_row",
    "unparsable_ticker",
    "bad_timestamp",
    "missing_value",
    "expired",  # before the next: stale rows are told from the rest of a holiday's file
    "not_a_session",
    "out_of_range",
)

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Outcome:
    """What became of a batch.

    Parameters
    ----------
    rows
        Rows for the lake: the columns of the data set that the mapping fills, and `_day`.
    rejects
        Rows with a reason, schema `REJECTS`.
    read
        Logical rows: `rows` and `rejects` together.
    unreadable
        Of the rejects, how many rows each field spoiled because it could not be read.
    reference
        Rows for reference tables, by table; with `_row` and `_entity`, as levels have.
    reference_rejects
        Rows of reference tables with a reason, schema `REJECTS`.
    """

    rows: pa.Table
    rejects: pa.Table
    read: int
    unreadable: Counter[str]
    reference: dict[str, pa.Table]
    reference_rejects: pa.Table


class Transform:
    """The compiled mapping of one file.

    Parameters
    ----------
    mapping
        The vendor's mapping.
    file
        The opened file, for its columns and their types.
    """

    def __init__(self, mapping: Mapping, file: VendorFile) -> None:
        self.mapping = mapping
        self.file = file
        self.rows = [(row, compile_row(mapping, row, file)) for row in mapping.rows]
        self.also = [(spec, compile_secondary(mapping, spec, file)) for spec in mapping.also]
        needed = [statement for _, statement in self.rows] + [s for _, s in self.also]
        self.columns = sorted({name for statement in needed for name in statement.columns})
        self.schema = self._schema()
        times = [time for row in mapping.rows for time in (row.time, row.known) if time]
        self.clocks = {n for time in times if time.kind == "wall_clock" for n in time.columns}
        self.connection = duckdb.connect(":memory:")
        self.connection.execute("set TimeZone = 'UTC'")
        self.connection.execute("set memory_limit = '1GB'")

    def close(self) -> None:
        """Free the engine."""
        self.connection.close()

    def _schema(self) -> pa.Schema:
        """Return the columns that differ from row to row; the rest is added by `widen`."""
        if self.mapping.dataset == "index_levels":
            return _placed(REFERENCES["index_levels"].schema)
        filled = {name for _, statement in self.rows for name in statement.fields}
        filled |= {"ts", "known_at", "bar_seconds", "segment", "symbol"}
        filled |= {"root", "underlying", "expiration", "strike", "option_type", "dte"}
        fields = [f for f in DATASETS[self.mapping.dataset].schema if f.name in filled]
        return pa.schema([pa.field(DAY, pa.int32()), *fields])

    def widen(self, table: pa.Table) -> pa.Table:
        """Return spooled rows with every column of the lake's contract."""
        spec = DATASETS[self.mapping.dataset]
        constants = {"source": self.mapping.vendor, "price_basis": self.mapping.price_basis}
        columns = []
        for field in spec.schema:
            if field.name in table.column_names:
                columns.append(table[field.name])
            elif field.name in constants:
                value = pa.scalar(constants[field.name], field.type)
                columns.append(pa.repeat(value, table.num_rows))
            else:
                columns.append(pa.nulls(table.num_rows, field.type))
        return pa.table(columns, schema=spec.schema)

    def apply(self, batch: Batch) -> Outcome:
        """Read one batch."""
        table = _plain(batch.table, self.clocks)
        table = table.append_column("_row", pa.array(batch.rows))
        self.connection.register(BATCH, table)
        try:
            parts = [self._one(row, *self._read(statement, table)) for row, statement in self.rows]
            also = {
                spec.table: self._reference(spec.table, *self._read(statement, table))
                for spec, statement in self.also
            }
        finally:
            self.connection.unregister(BATCH)
        broken = self._broken(batch)
        rejects = pa.concat_tables([part[1] for part in parts] + [broken])
        rejects = rejects.take(pc.sort_indices(rejects, [("row", "ascending")]))
        unreadable: Counter[str] = Counter()
        for part in parts:
            unreadable.update(part[2])
        if broken.num_rows:
            unreadable["another number of columns"] += broken.num_rows
        return Outcome(
            rows=pa.concat_tables([part[0] for part in parts]),
            rejects=rejects,
            read=sum(part[0].num_rows + part[1].num_rows for part in parts) + broken.num_rows,
            unreadable=unreadable,
            reference={name: kept for name, (kept, _) in also.items()},
            reference_rejects=pa.concat_tables(
                [REJECTS.empty_table(), *(gone for _, gone in also.values())]
            ),
        )

    def _read(self, statement: Statement, table: pa.Table) -> tuple[pa.Table, _Complaints]:
        """Return the values, and what could not be read; few rows are asked about that."""
        read = self._run(statement.sql)
        complaints = _Complaints(read.num_rows)
        suspects = read["_row"].filter(read["_suspect"])
        if len(suspects):
            odd = table.filter(pc.is_in(table["_row"], value_set=suspects.combine_chunks()))
            self.connection.register(BATCH, odd)
            found = self._run(statement.complaints)
            self.connection.register(BATCH, table)
            complaints.take(read["_row"].to_numpy(), found)
        return read, complaints

    def _run(self, sql: str) -> pa.Table:
        result = self.connection.sql(sql).to_arrow_table().combine_chunks()
        numbers = result["_row"].to_numpy()
        if len(numbers) > 1 and (np.diff(numbers) < 0).any():  # threads may change the order
            result = result.take(pa.array(np.argsort(numbers, kind="stable")))
        return result

    # -- one kind of logical row -----------------------------------------------------------

    def _one(
        self, row: RowSpec, read: pa.Table, complaints: _Complaints
    ) -> tuple[pa.Table, pa.Table, Counter[str]]:
        count = read.num_rows
        verdict = _Verdict(count)
        verdict.note(complaints.is_bad, "unparsable_row", complaints.bad)
        fields = {name: _flat(read[name]) for name in row.fields}
        options = self.mapping.dataset == "options"
        if options:
            contract = self._contract(fields, verdict)

        when = _Times(row.time, read["_us"], verdict, row.row)
        verdict.note(complaints.is_bad_time, "bad_timestamp", complaints.bad_time)
        verdict.note(when.bad, "bad_timestamp", when.complaint)
        verdict.note(when.missing, "missing_value", ", ".join(row.time.columns))
        for name in self._required():
            verdict.note(_is_null(fields[name]), "missing_value", name)

        sessions = clock.sessions_of(when.days)
        dates = pc.cast(pa.array(when.days.astype(np.int32)), pa.date32())
        verdict.note(~sessions.found, "not_a_session", pc.cast(dates, pa.string()))
        if options:
            verdict.note(
                contract.expiration < when.days, "expired", pc.cast(contract.dates(), pa.string())
            )
            verdict.note(contract.unfit, "out_of_range", contract.strike_text)

        if self.mapping.zero_bar_is_empty:
            _empty_zero_bars(fields)
        known = None
        if row.known is not None:
            later = _Times(row.known, read["_known_us"], verdict, "snapshot")
            verdict.note(later.bad | later.missing, "bad_timestamp", ", ".join(row.known.columns))
            known = later.instants

        keep = pa.array(verdict.clean)
        columns = self._stamp(row, when, sessions, known)
        if options:
            columns |= contract.columns(when.days)
        columns |= {
            name: fields[name]
            for name in fields
            if name in self.schema.names and name not in columns
        }
        columns |= {name: _flat(read[name]) for name in PLACE if name in self.schema.names}
        kept = pa.table(
            [_cast(columns.get(field.name), field, count).filter(keep) for field in self.schema],
            schema=self.schema,
        )
        return kept, self._rejects(read, verdict, when), verdict.unreadable()

    def _required(self) -> tuple[str, ...]:
        if self.mapping.dataset == "stocks":
            return ("symbol",)
        return ("index", "close") if self.mapping.dataset == "index_levels" else ()

    def _stamp(
        self,
        row: RowSpec,
        when: _Times,
        sessions: clock.Sessions,
        known: clock.Micros | None,
    ) -> dict[str, pa.Array]:
        """Return the columns that say when a row was, and when it was known."""
        days = pa.array(when.days.astype(np.int32))
        if row.row == "index_level":
            return {
                "session_date": pc.cast(days, pa.date32()),
                "known_at": _utc(sessions.close_at + INDEX_DELAY_US),
                "source": pa.repeat(pa.scalar(self.mapping.vendor), len(days)),
            }
        seconds = BAR_SECONDS[row.row]
        if row.row == "day_bar":
            start, end = sessions.open_at, sessions.close_at
            segment = np.full(len(days), "day")
        else:
            start = when.instants
            if row.time.minutes_before_close is not None:
                start = sessions.close_at - row.time.minutes_before_close * clock.MINUTE_US
            end = start + seconds * 1_000_000
            segment = np.where(
                start < sessions.open_at,
                "pre",
                np.where(start < sessions.close_at, "regular", "post"),
            )
        found = {
            DAY: days,
            "ts": _utc(start),
            "known_at": _utc(end if known is None else known),
            "bar_seconds": pa.array(np.full(len(days), seconds, np.int32)),
        }
        if self.mapping.dataset == "stocks":
            found["segment"] = pa.array(segment, pa.string())
        return found

    def _contract(self, fields: dict[str, pa.Array], verdict: _Verdict) -> _Contract:
        if "ticker" in fields:
            text = fields["ticker"]
            parsed = occ.parse(text)
            verdict.note(_is_null(text), "missing_value", "ticker")
            verdict.note(~parsed.valid & ~_is_null(text), "unparsable_ticker", text)
            contract = _Contract(
                parsed.root,
                parsed.expiration.astype(np.int64),
                parsed.is_call,
                parsed.strike_mills,
                ~parsed.valid,
                pa.array([""] * len(text)),
            )
        else:
            for name in ("root", "expiration", "strike", "option_type"):
                verdict.note(_is_null(fields[name]), "missing_value", name)
            contract = _Contract.of_fields(fields)
        contract.underlying = roots.underlying_of(contract.root)
        if "underlying" in fields:
            contract.underlying = pc.coalesce(fields["underlying"], contract.underlying)
        return contract

    # -- what is left over -----------------------------------------------------------------

    def _rejects(
        self, read: pa.Table, verdict: _Verdict, when: _Times, dataset: str | None = None
    ) -> pa.Table:
        at = np.flatnonzero(~verdict.clean)
        days = pa.array(when.days[at].astype(np.int32), mask=~when.dated[at])
        return self._reject_table(
            dataset=dataset or self.mapping.dataset,
            rows=read["_row"].to_numpy()[at],
            days=pc.cast(days, pa.date32()),
            entity=_flat(read["_entity"]).take(pa.array(at)),
            reason=pa.array(REASONS).take(pa.array(verdict.code[at])),
            detail=verdict.detail_of(at),
        )

    def _broken(self, batch: Batch) -> pa.Table:
        """Return the rejects of lines with too many or too few columns, one a logical row."""
        lines = [line for line in batch.broken for _ in self.rows]
        return self._reject_table(
            dataset=self.mapping.dataset,
            rows=np.array([row for row, _ in lines], np.int64),
            days=pa.nulls(len(lines), pa.date32()),
            entity=pa.nulls(len(lines), pa.string()),
            reason=["unparsable_row"] * len(lines),
            detail=[f"another number of columns: {text[:200]}" for _, text in lines],
        )

    def repeats(self, spec: Reference, repeats: pa.Table) -> pa.Table:
        """Return repeated rows of a reference table as rejects."""
        date = "session_date" if "session_date" in repeats.column_names else "ex_date"
        return self._reject_table(
            dataset=spec.name,
            rows=repeats["_row"].to_numpy(),
            days=_flat(repeats[date]),
            entity=_flat(repeats["_entity"]),
            reason=_flat(repeats["reason"]),
            detail=pa.nulls(repeats.num_rows, pa.string()),
        )

    def _reject_table(
        self,
        dataset: str,
        rows: npt.NDArray[np.int64],
        days: pa.Array,
        entity: pa.Array,
        reason: Sequence[str] | pa.Array,
        detail: Sequence[str] | pa.Array,
    ) -> pa.Table:
        count = len(rows)
        return pa.table(
            [
                pa.array([dataset] * count, pa.string()),
                pa.array([self.mapping.vendor] * count, pa.string()),
                pa.array([self.file.path.name] * count, pa.string()),
                pa.array(rows, pa.int64()),
                days,
                entity.cast(pa.string()),
                reason if isinstance(reason, pa.Array) else pa.array(reason, pa.string()),
                detail if isinstance(detail, pa.Array) else pa.array(detail, pa.string()),
            ],
            schema=REJECTS,
        )

    # -- reference rows --------------------------------------------------------------------

    def _reference(
        self, name: str, read: pa.Table, complaints: _Complaints
    ) -> tuple[pa.Table, pa.Table]:
        """Return dividends or splits, and those that cannot be used.

        An event on a day without a session has no ex-date.
        """
        verdict = _Verdict(read.num_rows)
        time = self.mapping.rows[0].time
        verdict.note(complaints.is_bad, "unparsable_row", complaints.bad)
        when = _Times(time, read["_us"], verdict, "day_bar")
        verdict.note(complaints.is_bad_time, "bad_timestamp", complaints.bad_time)
        verdict.note(when.bad, "bad_timestamp", when.complaint)
        verdict.note(when.missing, "missing_value", ", ".join(time.columns))
        verdict.note(_is_null(_flat(read["symbol"])), "missing_value", "symbol")
        sessions = clock.sessions_of(when.days)
        dates = pc.cast(pa.array(when.days.astype(np.int32)), pa.date32())
        verdict.note(~sessions.found, "not_a_session", pc.cast(dates, pa.string()))
        keep = pa.array(verdict.clean)
        columns = {
            "symbol": _flat(read["symbol"]),
            "ex_date": pc.cast(pa.array(when.days.astype(np.int32)), pa.date32()),
            "source": pa.repeat(pa.scalar(self.mapping.vendor), read.num_rows),
            "known_at": _utc(sessions.previous_close_at),
        }
        if name == "dividends":
            columns["amount"] = _flat(read["amount"])
            if "declared_date" in read.column_names:
                columns["declared_date"] = _flat(read["declared_date"])
        else:
            ratios = [split_ratio(value or 1.0) for value in read["ratio"].to_pylist()]
            columns["numerator"] = pa.array([top for top, _ in ratios], pa.float64())
            columns["denominator"] = pa.array([bottom for _, bottom in ratios], pa.float64())
        columns |= {column: _flat(read[column]) for column in PLACE}
        schema = _placed(REFERENCES[name].schema)
        kept = [_cast(columns.get(f.name), f, read.num_rows).filter(keep) for f in schema]
        return pa.table(kept, schema=schema), self._rejects(read, verdict, when, name)


def split_ratio(value: float) -> tuple[float, float]:
    """Return a split's coefficient as new shares for old ones: 0.125 is 1 for 8.

    Vendors print 3.000003 for 3: a coefficient within 1e-4 of a simple fraction is that fraction.
    """
    simple = Fraction(value).limit_denominator(20)
    if simple > 0 and abs(float(simple) - value) <= 1e-4 * value:
        return float(simple.numerator), float(simple.denominator)
    return value, 1.0


class _Complaints:
    """What of each row could not be read: of a value, and of a time."""

    def __init__(self, count: int) -> None:
        self.is_bad = np.zeros(count, bool)
        self.is_bad_time = np.zeros(count, bool)
        self.bad: pa.Array | str = ""
        self.bad_time: pa.Array | str = ""

    def take(self, rows: npt.NDArray[np.int64], found: pa.Table) -> None:
        """Take over the complaints of some rows."""
        at = np.searchsorted(rows, found["_row"].to_numpy())
        place = np.full(len(rows), -1)
        place[at] = np.arange(len(at))
        places = pa.array(place, mask=place < 0)
        self.bad = _flat(found["_bad"]).take(places)
        self.bad_time = _flat(found["_bad_time"]).take(places)
        self.is_bad = ~_is_null(self.bad)
        self.is_bad_time = ~_is_null(self.bad_time)


class _Verdict:
    """The reason of each row that cannot be used; the first one noted in rank order stays."""

    def __init__(self, count: int) -> None:
        self.code = np.full(count, len(REASONS), np.int8)
        self.details: list[tuple[Mask, int, pa.Array | str]] = []

    def note(self, mask: Mask, reason: str, detail: pa.Array | pa.ChunkedArray | str) -> None:
        """Give the masked rows a reason unless they have one of a lower rank already."""
        if not mask.any():
            return
        rank = REASONS.index(reason)
        hit = mask & (self.code > rank)
        self.code[hit] = rank
        self.details.append((hit, rank, detail if isinstance(detail, str) else _flat(detail)))

    @property
    def clean(self) -> Mask:
        usable: Mask = self.code == len(REASONS)
        return usable

    def detail_of(self, at: npt.NDArray[np.intp]) -> pa.Array:
        """Return what was wrong with the rows at these places."""
        text = pa.nulls(len(at), pa.string())
        places = pa.array(at)
        for hit, rank, detail in self.details:
            if isinstance(detail, str):
                own = pa.repeat(pa.scalar(detail), len(at))
            else:
                own = detail.take(places)
            here = pa.array((hit & (self.code == rank))[at])
            text = pc.if_else(here, pc.coalesce(text, own), text)
        return text

    def unreadable(self) -> Counter[str]:
        """Return how many rows each field spoiled because it was missing or could not be read."""
        at = np.flatnonzero(self.code <= REASONS.index("missing_value"))
        details = self.detail_of(at).to_pylist()
        return Counter(str(detail).split(":", 1)[0] for detail in details)


class _Times:
    """The time of each row: its instant, and the date whose session it belongs to."""

    def __init__(self, spec: TimeSpec, read: pa.ChunkedArray, verdict: _Verdict, row: str) -> None:
        micros = _flat(read)
        self.missing = _is_null(micros)
        micros = pc.fill_null(micros, clock.FIRST_US).cast(pa.int64()).to_numpy()
        self.bad = ~clock.plausible(micros)
        self.complaint: str = "outside the years 1990 to 2050"
        micros = np.where(self.bad, clock.FIRST_US, micros)
        if spec.kind in ("wall_clock", "date"):
            local = micros
            self.instants = clock.to_utc(local, spec.zone)
        else:
            self.instants = micros
            local = clock.to_local(micros, spec.zone)
            if row == "day_bar":
                astray = ~self.bad & ~self.missing & (local % clock.DAY_US != 0)
                if astray.any():
                    self.complaint = f"a day bar must start at midnight {spec.zone}"
                    self.bad |= astray
        if row == "minute_bar":
            if spec.zone != calendar.ZONE:
                local = clock.to_local(self.instants, calendar.ZONE)
            astray = ~self.bad & ~self.missing & (self.instants % clock.MINUTE_US != 0)
            if astray.any():
                self.complaint = "a minute bar must start at a whole minute"
                self.bad |= astray
        self.days: npt.NDArray[np.int64] = local // clock.DAY_US
        self.dated = ~(self.missing | self.bad)


class _Contract:
    """Contracts of a batch, from tickers or from their parts."""

    def __init__(
        self,
        root: pa.Array,
        expiration: npt.NDArray[np.int64],
        is_call: Mask,
        strike_mills: npt.NDArray[np.int64],
        unfit: Mask,
        strike_text: pa.Array,
    ) -> None:
        self.root = root
        self.expiration = expiration
        self.is_call = is_call
        self.strike_mills = np.where(unfit, 1, strike_mills)
        self.unfit = unfit
        self.strike_text = strike_text
        self.underlying = root

    @classmethod
    def of_fields(cls, fields: dict[str, pa.Array]) -> _Contract:
        strike = pc.fill_null(fields["strike"], 0.0).to_numpy()
        with np.errstate(invalid="ignore", over="ignore"):
            mills = np.round(strike * 1000)
            unfit = (
                (np.abs(strike * 1000 - mills) > 1e-6 * np.maximum(1, np.abs(mills)))
                | (mills < 1)
                | (mills > occ.MAX_STRIKE_MILLS)
            )
        expiration = pc.fill_null(fields["expiration"].cast(pa.int32()), 0).to_numpy()
        first, last = np.datetime64("2000-01-01", "D"), np.datetime64("2100-01-01", "D")
        unfit |= (expiration < first.astype(int)) | (expiration >= last.astype(int))
        root = fields["root"]
        fits = pc.match_substring_regex(root, "^[A-Z][A-Z0-9.]{0,5}$")
        unfit |= ~pc.fill_null(fits, False).to_numpy(zero_copy_only=False)
        text = pc.binary_join_element_wise(
            pc.fill_null(root, ""),
            pc.cast(pa.array(expiration.astype(np.int32)).cast(pa.date32()), pa.string()),
            pc.cast(pa.array(strike), pa.string()),
            " ",
        )
        return cls(
            root,
            expiration.astype(np.int64),
            pc.fill_null(pc.equal(fields["option_type"], "C"), False).to_numpy(
                zero_copy_only=False
            ),
            np.where(unfit, 1, mills).astype(np.int64),
            unfit,
            text,
        )

    def dates(self) -> pa.Array:
        return pc.cast(pa.array(self.expiration.astype(np.int32)), pa.date32())

    def columns(self, days: npt.NDArray[np.int64]) -> dict[str, pa.Array]:
        expiration = np.where(self.unfit, 0, self.expiration).astype(np.int32)
        return {
            "symbol": occ.format_tickers(self.root, expiration, self.is_call, self.strike_mills),
            "root": self.root,
            "underlying": self.underlying,
            "expiration": self.dates(),
            "strike": decimal_from_mills(self.strike_mills),
            "option_type": pc.if_else(pa.array(self.is_call), "C", "P"),
            "dte": pa.array((self.expiration - days).astype(np.int32)),
        }


def decimal_from_mills(mills: npt.NDArray[np.int64]) -> pa.Array:
    """Return non-negative thousandths as the lake's decimal strikes, exactly."""
    words = np.zeros((len(mills), 2), np.int64)  # little-endian 128 bits
    words[:, 0] = mills
    return pa.Array.from_buffers(STRIKE, len(mills), [None, pa.py_buffer(words)])


def _plain(table: pa.Table, clocks: set[str]) -> pa.Table:
    """Return the table without dictionaries and with times as bare microseconds.

    An instant becomes its UTC microseconds. A column that the mapping reads as a wall clock
    keeps the clock's digits and loses its label, which is how a wrong label is put right.
    """
    for position, field in enumerate(table.schema):
        column = table[field.name]
        if pa.types.is_dictionary(field.type):
            column = column.cast(field.type.value_type)
        elif pa.types.is_timestamp(field.type):
            column = column.cast(pa.timestamp("us", tz=field.type.tz), safe=False)
            if field.type.tz is not None:
                if field.name not in clocks:
                    column = column.cast(UTC)
                column = pc.local_timestamp(column)
        else:
            continue
        table = table.set_column(position, field.name, column)
    return table


def _empty_zero_bars(fields: dict[str, pa.Array]) -> None:
    present = [name for name in OHLC if name in fields]
    zero = np.ones(len(fields[present[0]]), bool) if present else np.empty(0, bool)
    for name in present:
        values = pc.fill_null(fields[name], 0.0).to_numpy(zero_copy_only=False)
        zero &= values == 0
    for name in present:
        fields[name] = pc.if_else(pa.array(zero), pa.scalar(None, pa.float64()), fields[name])


def _placed(schema: pa.Schema) -> pa.Schema:
    """Return a reference table's schema with the place of each row."""
    kinds = zip(PLACE, (pa.int64(), pa.string()), strict=True)
    return pa.schema([*schema, *(pa.field(name, kind) for name, kind in kinds)])


def _flat(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    if isinstance(column, pa.ChunkedArray):
        return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    return column


def _is_null(column: pa.Array) -> Mask:
    mask: Mask = column.is_null().to_numpy(zero_copy_only=False)
    return mask


def _utc(micros: clock.Micros) -> pa.Array:
    return pa.array(micros, UTC)


def _cast(column: pa.Array | None, field: pa.Field, count: int) -> pa.Array:
    if column is None:
        return pa.nulls(count, field.type)
    if pa.types.is_integer(field.type) and pa.types.is_floating(column.type):
        column = pc.round(column)
    return column if column.type == field.type else column.cast(field.type)
