"""From a mapping to SQL: one statement reads a batch of a vendor's rows as typed values.

DuckDB does what is tedious per type: trimming, regular expressions, casts that give null instead
of failing. Zones, sessions and tickers follow in `transform.py`.

Every statement yields `_row` (the row in the file), one column a lake field, `_us` and `_known_us`
(microseconds, on the clock that the time's kind says), `_entity` and `_suspect`: whether a value is
null although its column is not. Only for suspect rows is it asked, by a second statement, whether
a value could not be read: `_bad` and `_bad_time`, as `field: text`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from engine.errors import LakeError
from engine.lake.importers.mapping import (
    DATE_FIELDS,
    FILE_NAME,
    TEXT_FIELDS,
    FieldSpec,
    Mapping,
    RowSpec,
    SecondarySpec,
    SplitSpec,
    TimeSpec,
)
from engine.lake.importers.read import VendorFile

BATCH = "vendor_batch"
_ISO_DATE = r"^\d{4}-\d{1,2}-\d{1,2}$"
_OFFSET = r"([+-]\d{2}:?\d{2}|[+-]\d{2}|Z)$"
_NAMING = ("ticker", "symbol", "index", "root", "expiration", "strike", "option_type")
_TOO_LONG_AGO = 9_000_000_000_000  # seconds or milliseconds beyond this would overflow


@dataclass(frozen=True)
class Statement:
    """A compiled row specification.

    Parameters
    ----------
    sql
        Over the table `vendor_batch`.
    complaints
        Over the suspect rows of it: what of them could not be read.
    columns
        Vendor columns it needs.
    fields
        Lake fields it yields.
    """

    sql: str
    complaints: str
    columns: frozenset[str]
    fields: tuple[str, ...]


def quoted(name: str) -> str:
    """Return a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def compile_row(mapping: Mapping, row: RowSpec, file: VendorFile) -> Statement:
    """Return the statement of one kind of logical row.

    Raises
    ------
    LakeError
        When the file lacks a column or has it in a type that cannot be read.
    """
    writer = _Writer(mapping, file)
    for name, spec in row.fields.items():
        writer.field(name, spec)
    writer.time("_us", row.time)
    if row.known is not None:
        writer.time("_known_us", row.known)
    where = ""
    if row.only_above is not None:
        column, number = row.only_above
        found = str(writer.column((column,)))
        value, text = writer.number(found), writer.text(found)
        # What cannot be read stays in, to be rejected by name and not to vanish.
        where = f" where {value} > {number!r} or ({text} is not null and {value} is null)"
    return writer.statement(tuple(row.fields), where)


def compile_secondary(mapping: Mapping, spec: SecondarySpec, file: VendorFile) -> Statement:
    """Return the statement of a reference table's rows: those that state an event.

    What cannot be read stays in, to be rejected by name and not to vanish.
    """
    writer = _Writer(mapping, file)
    stating = "amount" if spec.table == "dividends" else "ratio"
    unreadable: list[str] = []
    for name, field in spec.fields.items():
        before = len(writer.bad)
        writer.field(name, field)
        if name == stating:
            unreadable = [f"({bad}) is not null" for bad in writer.bad[before:]]
    writer.time("_us", mapping.rows[0].time)
    value = writer.values[stating]
    event = f"{value} <> 0" if spec.table == "dividends" else f"{value} not in (0, 1)"
    return writer.statement(tuple(spec.fields), f" where {' or '.join([event, *unreadable])}")


class _Writer:
    """Builds one statement as steps: each expression is computed once, from earlier ones."""

    def __init__(self, mapping: Mapping, file: VendorFile) -> None:
        self.mapping = mapping
        self.file = file
        self.columns: set[str] = set()
        self.steps: list[list[str]] = []
        self.named: dict[str, str] = {}  # expression -> its name
        self.depth: dict[str, int] = {}
        self.values: dict[str, str] = {}
        self.times: dict[str, str] = {}
        self.suspect: list[str] = []
        self.bad: list[str] = []
        self.bad_time: list[str] = []
        self.entity: list[str] = []
        self.virtual = [FILE_NAME, *(group for split in mapping.splits for group in split.groups)]

    def let(self, expression: str) -> str:
        """Return the name of an expression; `_1`, `_2` ... inside it are earlier names."""
        if expression not in self.named:
            name = f"_{len(self.named) + 1}"
            inputs = set(re.findall(r"(?<![\w\"'])_\d+\b", expression))
            depth = 1 + max((self.depth[one] for one in inputs if one in self.depth), default=-1)
            while len(self.steps) <= depth:
                self.steps.append([])
            self.steps[depth].append(f"{expression} as {name}")
            self.named[expression] = name
            self.depth[name] = depth
        return self.named[expression]

    # -- columns ---------------------------------------------------------------------------

    def column(self, candidates: Sequence[str], *, optional: bool = False) -> str | None:
        """Return the vendor column (or a group of a split) that the file has."""
        name = self.file.pick(candidates, optional=optional, virtual=self.virtual)
        if name is not None and name not in self.file.types and name != FILE_NAME:
            split = self.split(name)
            if split.column == FILE_NAME:
                self._check_file_name(name, split.pattern)
            else:
                self.file.pick((split.column,), optional=False, virtual=())
                self.columns.add(split.column)
        elif name in self.file.types:
            self.columns.add(str(name))
        return name

    def split(self, group: str) -> SplitSpec:
        """Return the split that a group belongs to."""
        return next(split for split in self.mapping.splits if group in split.groups)

    def is_group(self, name: str) -> bool:
        """Return whether a name is a group of a split."""
        return name not in self.file.types and name != FILE_NAME

    def kind(self, name: str | None) -> pa.DataType:
        """Return a column's type; of a group, text."""
        return self.file.types.get(str(name), pa.string())

    def wrong_type(self, name: str, wanted: str) -> LakeError:
        """Return the error of a column whose type cannot be read."""
        return LakeError(
            f"{self.file.path} has column {name} as {self.kind(name)} where {wanted} is expected.",
            "Use the vendor's own layout, or map another column with --mapping FILE.",
        )

    def text(self, name: str | None) -> str:
        """Return the trimmed text of a column, null where it means "missing"."""
        if name is None:
            return self.let("cast(null as varchar)")
        if name == FILE_NAME:
            return self.let(f"cast({literal(self.file.path.name)} as varchar)")
        if self.is_group(name):
            split = self.split(name)
            groups = ", ".join(literal(group) for group in split.groups)
            source = self.text(split.column)
            parts = self.let(f"regexp_extract({source}, {literal(split.pattern)}, [{groups}])")
            return self.let(f"nullif({parts}[{literal(name)}], '')")
        kind = self.kind(name)
        if pa.types.is_nested(kind) or pa.types.is_binary(kind):
            raise self.wrong_type(name, "a text or a number")
        clean = self.let(f"trim(cast({quoted(name)} as varchar))")
        return self.let(self._present(clean))

    def _present(self, text: str) -> str:
        nulls = self.mapping.nulls
        if not nulls:
            return text
        listed = ", ".join(literal(one) for one in nulls)
        longest = max(len(one.encode()) for one in nulls)
        return f"case when strlen({text}) > {longest} or {text} not in ({listed}) then {text} end"

    def number(self, name: str | None) -> str:
        """Return a column as a finite double, null where it is not one."""
        if name is None:
            return self.let("cast(null as double)")
        kind = self.kind(name)
        plain = not self.is_group(name) and name != FILE_NAME
        if plain and (
            pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
        ):
            value = self.let(f"cast({quoted(name)} as double)")
        elif pa.types.is_string(kind) or pa.types.is_large_string(kind):
            given = self.text(name) if self.is_group(name) else quoted(name)  # casts skip blanks
            value = self.let(f"try_cast({given} as double)")
        else:
            raise self.wrong_type(name, "a number")
        return self.let(f"case when isfinite({value}) then {value} end")

    # -- fields ----------------------------------------------------------------------------

    def field(self, name: str, spec: FieldSpec) -> None:
        """Add a lake field."""
        if spec.constant is not None:
            used: list[str | None] = []
            raw = self.let(f"cast({literal(spec.constant)} as varchar)")
        elif spec.mean_of:
            used = [self.column((one,), optional=spec.optional) for one in spec.mean_of]
            raw = self.text(used[0])
        else:
            used = [self.column(spec.columns, optional=spec.optional)]
            raw = self.text(used[0])
        if name in TEXT_FIELDS:
            value = self._text_field(name, spec, raw)
        elif name in DATE_FIELDS:
            value = self._date(spec.format, used[0] if used else None, raw)
        elif spec.constant is not None:
            value = self.let(f"try_cast({raw} as double)")
        else:
            value = self._number_field(spec, used)
        self.values[name] = value
        number = name not in TEXT_FIELDS and name not in DATE_FIELDS and bool(used)
        for one in used:
            if one is not None:
                self._watch(name, one, self.number(one) if number else value)
        if name in _NAMING:
            self.entity.append(self.given(used[0]) if used and used[0] else raw)

    def given(self, column: str) -> str:
        """Return the text that stands in the file: of a group, what was to be split."""
        return self.text(self.split(column).column if self.is_group(column) else column)

    def _watch(self, name: str, column: str, value: str) -> None:
        """Note how to see that a value could not be read."""
        self._suspect(column, value)
        given = self.given(column)
        self.bad.append(
            f"case when {value} is null and {given} is not null "
            f"then {literal(name + ': ')} || {given} end"
        )

    def _suspect(self, column: str, value: str) -> None:
        source = self.split(column).column if self.is_group(column) else column
        if source != FILE_NAME:
            self.suspect.append(f"({value} is null and {quoted(source)} is not null)")

    def _text_field(self, name: str, spec: FieldSpec, raw: str) -> str:
        value = raw
        if spec.pattern and FILE_NAME in spec.columns:
            self._check_file_name(name, spec.pattern)
        if spec.pattern:
            found = self.let(f"regexp_extract({value}, {literal(spec.pattern)}, ['value'])")
            value = self.let(f"nullif({found}['value'], '')")
        if name == "option_type":
            return self.let(
                f"case upper({value}) when 'C' then 'C' when 'CALL' then 'C' "
                "when 'P' then 'P' when 'PUT' then 'P' end"
            )
        if spec.strip_prefix:
            prefix = literal(spec.strip_prefix)
            value = self.let(
                f"case when starts_with({value}, {prefix}) "
                f"then {value}[{len(spec.strip_prefix) + 1}:] else {value} end"
            )
        return self.let(f"upper({value})") if spec.upper else value

    def _check_file_name(self, name: str, pattern: str) -> None:
        if re.search(pattern, self.file.path.name) is None:
            raise LakeError(
                f"{self.file.path}: the file's name does not say the {name}; expected {pattern}.",
                "Give the file the name that the vendor gave it.",
            )

    def _number_field(self, spec: FieldSpec, used: list[str | None]) -> str:
        values = []
        for one in used:
            value = self.number(one)
            if spec.null_if:
                nulls = ", ".join(repr(number) for number in spec.null_if)
                value = self.let(f"case when {value} not in ({nulls}) then {value} end")
            values.append(value)
        total = " + ".join(values)
        scale = spec.divide_by * len(values)
        return self.let(f"({total}) / cast({scale!r} as double)") if scale != 1 else total

    def _date(self, formats: Sequence[str], column: str | None, raw: str) -> str:
        kind = self.kind(column)
        if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
            return self.let(f"cast({quoted(str(column))} as date)")
        if formats:
            listed = ", ".join(literal(one) for one in formats)
            return self.let(f"cast(try_strptime({raw}, [{listed}]) as date)")
        iso = f"regexp_matches({raw}, {literal(_ISO_DATE)})"
        return self.let(f"case when {iso} then try_cast({raw} as date) end")

    # -- times -----------------------------------------------------------------------------

    def time(self, name: str, spec: TimeSpec) -> None:
        """Add a time, as microseconds on the clock that its kind says."""
        column = str(self.column(spec.columns))
        raw = self.text(column)
        kind = self.kind(column)
        if spec.kind.startswith("epoch_"):
            if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
                raise self.wrong_type(column, "a count of time units since 1970")
            plain = pa.types.is_integer(kind)
            given = raw if self.is_group(column) else quoted(column)
            count = given if plain else self.let(f"try_cast({given} as bigint)")
            value = {
                "epoch_s": f"{count} * 1000000",
                "epoch_ms": f"{count} * 1000",
                "epoch_us": count,
                "epoch_ns": f"{count} // 1000",
            }[spec.kind]
            if spec.kind in ("epoch_s", "epoch_ms"):
                value = f"case when abs({count}) < {_TOO_LONG_AGO} then {value} end"
        elif spec.kind == "date":
            value = f"epoch_us(cast({self._date(spec.format, column, raw)} as timestamp))"
            if spec.add_ms is not None:
                added = self.number(self.column((spec.add_ms,)))
                value += f" + cast({added} as bigint) * 1000"
        elif pa.types.is_timestamp(kind):
            if spec.kind == "text_offset" and kind.tz is None:
                raise self.wrong_type(column, "a time with its offset")
            value = f"epoch_us({quoted(column)})"
        elif spec.kind == "wall_clock" and spec.format:
            listed = ", ".join(literal(one) for one in spec.format)
            value = f"epoch_us(try_strptime({raw}, [{listed}]))"
        elif spec.kind == "wall_clock":
            bare = self.let(
                f"regexp_matches({raw}, {literal(_ISO_DATE)}) "
                f"or not regexp_matches({raw}, {literal(_OFFSET)})"
            )
            value = f"case when {bare} then epoch_us(try_cast({raw} as timestamp)) end"
        else:
            stated = self.let(f"regexp_matches({raw}, {literal(_OFFSET)})")
            value = f"case when {stated} then epoch_us(try_cast({raw} as timestamptz)) end"
        micros = self.let(value)
        self.times[name] = micros
        self._suspect(column, micros)
        self.bad_time.append(
            f"case when {micros} is null and {raw} is not null "
            f"then {literal(', '.join(spec.columns) + ': ')} || {raw} end"
        )

    # -- the whole -------------------------------------------------------------------------

    def statement(self, fields: tuple[str, ...], where: str) -> Statement:
        """Return the SQL; the filter is over named expressions."""
        source = BATCH
        for step in self.steps:
            listed = ",\n    ".join(step)
            source = f"(\nselect *,\n    {listed}\nfrom {source})"
        outputs = [f"{self.values[name]} as {quoted(name)}" for name in fields]
        outputs += [f"{micros} as {name}" for name, micros in self.times.items()]
        entity = list(dict.fromkeys(self.entity))
        joined = entity[0] if len(entity) == 1 else f"concat_ws(' ', {', '.join(entity)})"
        outputs.append(f"{joined} as _entity")
        outputs.append(f"{' or '.join(self.suspect) or 'false'} as _suspect")
        return Statement(
            sql=f"select _row, {', '.join(outputs)}\nfrom {source}{where}",
            complaints=(
                f"select _row, coalesce({', '.join(self.bad)}) as _bad,\n"
                f"coalesce({', '.join(self.bad_time)}) as _bad_time\nfrom {source}{where}"
            ),
            columns=frozenset(self.columns),
            fields=fields,
        )
