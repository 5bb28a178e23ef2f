"""Vendor mappings: small YAML files that say how a vendor's rows become the lake's.

A mapping is data, read strictly: an unknown key, a missing one or a value of the wrong kind is
an error that names the file, the key and the nearest valid one. `docs/importers.md` explains
each key to somebody who adds a vendor.
"""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import json
import re
import zoneinfo
from collections.abc import Mapping as Dictionary
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from engine.errors import MappingError
from engine.lake.schema import PRICE_BASES

FOLDER = Path(__file__).parent / "mappings"
FILE_NAME = "_file"  # pseudo-column: the file's own name, for vendors who put the symbol there

# What a row is, by data set.
ROWS = {
    "stocks": ("day_bar", "minute_bar"),
    "options": ("day_bar", "minute_bar", "snapshot"),
    "index_levels": ("index_level",),
}
OHLC = ("open", "high", "low", "close")
CONTRACT = ("root", "expiration", "strike", "option_type")
# The fields that a mapping may fill, by data set. The rest of the lake's columns follow from
# them: canonical ticker, days to expiry, times, segment, source.
FIELDS: dict[str, tuple[str, ...]] = {
    "stocks": ("symbol", *OHLC, "volume", "transactions", "vwap"),
    "options": (
        "ticker",
        *CONTRACT,
        "underlying",
        *OHLC,
        "volume",
        "transactions",
        "bid",
        "ask",
        "bid_size",
        "ask_size",
        "open_interest",
        "vendor_iv",
        "vendor_delta",
        "underlying_price",
    ),
    "index_levels": ("index", *OHLC),
}
TEXT_FIELDS = ("symbol", "ticker", "root", "underlying", "option_type", "index")
DATE_FIELDS = ("expiration", "declared_date")
SECONDARY = {
    "dividends": ("symbol", "amount", "declared_date"),
    "splits": ("symbol", "ratio"),
}
TIME_KINDS = (
    "epoch_s",
    "epoch_ms",
    "epoch_us",
    "epoch_ns",
    "text_offset",
    "wall_clock",
    "date",
)
KEYS = (
    "vendor",
    "title",
    "dataset",
    "row",
    "price_basis",
    "whole_day",
    "csv",
    "nulls",
    "zero_bar_is_empty",
    "split",
    "time",
    "known",
    "fields",
    "rows",
    "also",
    "assumptions",
)
DEFAULT_NULLS = ("", "nan", "NaN", "null", "NULL", "None", "N/A")


@dataclass(frozen=True)
class FieldSpec:
    """Where the value of one lake field comes from and how it is read.

    Parameters
    ----------
    columns
        Vendor columns (or groups of a split), the first that the file has is taken.
    constant
        A value for every row instead of a column.
    mean_of
        Columns whose mean is the value, such as a bid and an ask of the underlying.
    pattern
        Regular expression with one named group `value`: what of the text counts.
    format
        `strptime` formats of a date; ISO when none is given.
    divide_by
        The unit: prices in 1/10,000 are divided by 10,000, percent by 100.
    null_if
        Numbers that mean "missing".
    upper, strip_prefix
        Upper-case a text; take a prefix off (`^VIX`).
    optional
        Whether the file may lack the column.
    """

    columns: tuple[str, ...] = ()
    constant: str | None = None
    mean_of: tuple[str, ...] = ()
    pattern: str | None = None
    format: tuple[str, ...] = ()
    divide_by: float = 1.0
    null_if: tuple[float, ...] = ()
    upper: bool = False
    strip_prefix: str = ""
    optional: bool = False


@dataclass(frozen=True)
class TimeSpec:
    """How a row's time is written.

    Parameters
    ----------
    columns
        Vendor columns, the first that the file has is taken.
    kind
        One of `TIME_KINDS`.
    zone
        Zone by name: of a wall clock, or in which an instant's date is meant.
    format
        `strptime` formats of text; ISO when none is given.
    add_ms
        Column with milliseconds since midnight, added to a date.
    minutes_before_close
        The row's time is this long before the session's close, whatever the column's time of
        day: 15 is 15:45, and 12:45 on a half day.
    """

    columns: tuple[str, ...]
    kind: str
    zone: str = "America/New_York"
    format: tuple[str, ...] = ()
    add_ms: str | None = None
    minutes_before_close: int | None = None


@dataclass(frozen=True)
class SplitSpec:
    """A text column that holds several values, split by a regular expression's named groups."""

    column: str
    pattern: str
    groups: tuple[str, ...]


@dataclass(frozen=True)
class RowSpec:
    """One kind of logical row inside a vendor row.

    Parameters
    ----------
    name
        Such as `call`; part of nothing but messages.
    row
        What the row is: `day_bar`, `minute_bar`, `snapshot` or `index_level`.
    time, known
        When it was; when it was known, if not by the rule of its kind.
    fields
        Lake field to its source.
    only_above
        (column, number): the logical row exists only where the column is above the number.
    """

    name: str
    row: str
    time: TimeSpec
    known: TimeSpec | None
    fields: dict[str, FieldSpec]
    only_above: tuple[str, float] | None = None


@dataclass(frozen=True)
class SecondarySpec:
    """Rows for a reference table that ride along in a price file.

    Parameters
    ----------
    table
        `dividends` or `splits`.
    fields
        Reference field to its source; a row exists where amount is above 0 or ratio is not 1.
    """

    table: str
    fields: dict[str, FieldSpec]


@dataclass(frozen=True)
class Mapping:
    """A vendor's whole mapping.

    Parameters
    ----------
    vendor
        Name; the `source` of the rows in the lake.
    title
        For people.
    dataset
        `stocks`, `options` or `index_levels`.
    rows
        The logical rows of a vendor row.
    price_basis
        Of stocks: raw, split_adjusted or total_return.
    whole_day
        Whether a file is all that the vendor has of its days, so that a restated file also
        takes away symbols that it no longer holds.
    delimiter, names
        Of CSV: the delimiter, and the column names where the file has no header.
    nulls
        Texts that mean "missing".
    zero_bar_is_empty
        Whether open = high = low = close = 0 means "no trade".
    splits
        Text columns to take apart.
    also
        Reference tables filled from the same file.
    assumptions
        What the mapping supposes and the file does not say.
    path
        Where the mapping came from.
    """

    vendor: str
    title: str
    dataset: str
    rows: tuple[RowSpec, ...]
    price_basis: str | None = None
    whole_day: bool = False
    delimiter: str = ","
    names: tuple[str, ...] = ()
    nulls: tuple[str, ...] = DEFAULT_NULLS
    zero_bar_is_empty: bool = False
    splits: tuple[SplitSpec, ...] = ()
    also: tuple[SecondarySpec, ...] = ()
    assumptions: tuple[str, ...] = ()
    path: Path = field(default=Path(), compare=False)

    @property
    def digest(self) -> str:
        """Hash of what the mapping means; comments and layout do not count."""
        content = dataclasses.asdict(self)
        for silent in ("path", "title", "assumptions"):
            del content[silent]
        text = json.dumps(content, sort_keys=True, default=str)
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


@dataclass(frozen=True)
class VendorInfo:
    """A vendor that can be imported by name."""

    name: str
    title: str
    dataset: str
    row: str
    price_basis: str | None
    assumptions: tuple[str, ...]


def vendors() -> list[VendorInfo]:
    """Return the vendors with a mapping of their own in the package, by name."""
    found = []
    for path in sorted(FOLDER.glob("*.yml")):
        mapping = read_mapping(path)
        kinds = list(dict.fromkeys(row.row for row in mapping.rows))
        found.append(
            VendorInfo(
                mapping.vendor,
                mapping.title,
                mapping.dataset,
                " and ".join(kinds),
                mapping.price_basis,
                mapping.assumptions,
            )
        )
    return found


def find_mapping(vendor: str | None, path: Path | None) -> Mapping:
    """Return the mapping of a vendor's name or of a file.

    Raises
    ------
    MappingError
        When neither or both are given, the vendor is unknown or the file is wrong.
    """
    if path is not None and vendor is None:
        return read_mapping(path)
    if vendor is None:
        raise MappingError(
            "Neither a vendor nor a mapping was named.",
            f"Give --vendor NAME ({', '.join(_names())}) or --mapping FILE.",
        )
    if path is not None:
        mapping = read_mapping(path)
        if mapping.vendor != vendor:
            raise MappingError(
                f"{path} maps the vendor {mapping.vendor}, not {vendor}.",
                "Leave --vendor out, or change `vendor` in the mapping.",
            )
        return mapping
    known = FOLDER / f"{vendor}.yml"
    if vendor not in _names():
        near = difflib.get_close_matches(vendor, _names(), n=1, cutoff=0.4)
        hint = f"Did you mean {near[0]}? " if near else ""
        raise MappingError(
            f"There is no vendor {vendor!r}.",
            f"{hint}Known vendors: {', '.join(_names())}. "
            "Any other can be described with --mapping FILE.",
        )
    return read_mapping(known)


def _names() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.yml"))


def read_mapping(path: Path) -> Mapping:
    """Read and check a mapping file.

    Raises
    ------
    MappingError
        Naming the file, the key and the nearest valid key.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise MappingError(
            f"There is no mapping file {path}.", "Check the path given to --mapping."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise MappingError(
            f"The mapping {path} cannot be read: {error}.", "Check its path and permissions."
        ) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise MappingError(
            f"The mapping {path}{where} is not valid YAML.", "Correct its indentation and colons."
        ) from error
    return _Reader(path).mapping(content)


_KINDS = {str: "a text", bool: "true or false", dict: "a block of keys", list: "a list"}


class _Reader:
    """Turns a YAML document into a `Mapping`, naming the key of whatever is wrong."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def fail(self, where: str, what: str, remedy: str) -> MappingError:
        place = f", key {where}" if where else ""
        return MappingError(f"Mapping {self.path}{place}: {what}.", remedy)

    # -- shapes ----------------------------------------------------------------------------

    def block(
        self, value: Any, where: str, allowed: Sequence[str], required: Sequence[str] = ()
    ) -> Dictionary[str, Any]:
        if not isinstance(value, dict):
            raise self.fail(where, "it must be a block of keys", f"Keys: {', '.join(allowed)}.")
        for key in value:
            if key not in allowed:
                near = difflib.get_close_matches(str(key), allowed, n=1, cutoff=0.4)
                hint = f"Did you mean {near[0]}? " if near else ""
                raise self.fail(
                    _join(where, key), "it is not known", f"{hint}Keys: {', '.join(allowed)}."
                )
        for key in required:
            if key not in value:
                raise self.fail(_join(where, key), "it is missing", "Add it to the mapping.")
        return value

    def text(self, value: Any, where: str) -> str:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise self.fail(where, "it must be a text", "Quote it if it looks like something else.")
        return str(value)

    def number(self, value: Any, where: str) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.fail(where, f"it must be a number, not {value!r}", "Correct the value.")
        return float(value)

    def flag(self, value: Any, where: str) -> bool:
        if not isinstance(value, bool):
            raise self.fail(where, f"it must be true or false, not {value!r}", "Correct it.")
        return value

    def texts(self, value: Any, where: str) -> tuple[str, ...]:
        values = value if isinstance(value, list) else [value]
        return tuple(self.text(one, where) for one in values)

    def numbers(self, value: Any, where: str) -> tuple[float, ...]:
        values = value if isinstance(value, list) else [value]
        return tuple(self.number(one, where) for one in values)

    def choice(self, value: Any, where: str, allowed: Sequence[str]) -> str:
        name = self.text(value, where)
        if name not in allowed:
            near = difflib.get_close_matches(name, allowed, n=1, cutoff=0.4)
            hint = f"Did you mean {near[0]}? " if near else ""
            raise self.fail(
                where, f"{name!r} is not one of its values", f"{hint}Values: {', '.join(allowed)}."
            )
        return name

    # -- parts -----------------------------------------------------------------------------

    def mapping(self, content: Any) -> Mapping:
        top = self.block(content, "", KEYS, ("vendor", "title", "dataset"))
        vendor = self.text(top["vendor"], "vendor")
        if not re.fullmatch("[a-z][a-z0-9_]*", vendor):
            raise self.fail(
                "vendor",
                f"{vendor!r} is not a name",
                "Use lower-case letters, digits and underscores.",
            )
        dataset = self.choice(top["dataset"], "dataset", list(ROWS))
        basis = None
        if dataset == "stocks":
            if "price_basis" not in top:
                raise self.fail(
                    "price_basis", "it is missing", f"Say one of {', '.join(PRICE_BASES)}."
                )
            basis = self.choice(top["price_basis"], "price_basis", PRICE_BASES)
        elif "price_basis" in top:
            raise self.fail("price_basis", "only stocks have one", "Remove it: options are raw.")
        csv = self.block(top.get("csv", {}), "csv", ("delimiter", "names"))
        delimiter = self.text(csv.get("delimiter", ","), "csv.delimiter")
        if len(delimiter) != 1:
            raise self.fail("csv.delimiter", "it must be one character", "Correct it.")
        return Mapping(
            vendor=vendor,
            title=self.text(top["title"], "title"),
            dataset=dataset,
            rows=self.rows(top, dataset),
            price_basis=basis,
            whole_day=self.flag(top.get("whole_day", False), "whole_day"),
            delimiter=delimiter,
            names=self.texts(csv.get("names", []), "csv.names"),
            nulls=self.texts(top.get("nulls", list(DEFAULT_NULLS)), "nulls"),
            zero_bar_is_empty=self.flag(top.get("zero_bar_is_empty", False), "zero_bar_is_empty"),
            splits=self.splits(top.get("split", [])),
            also=self.also(top.get("also", [])),
            assumptions=self.texts(top.get("assumptions", []), "assumptions"),
            path=self.path,
        )

    def rows(self, top: Dictionary[str, Any], dataset: str) -> tuple[RowSpec, ...]:
        shared = self.fields(top.get("fields", {}), "fields", FIELDS[dataset])
        listed = top.get("rows", [{}])
        if not isinstance(listed, list) or not listed:
            raise self.fail("rows", "it must be a list", "Name each logical row of a vendor row.")
        found = []
        for position, entry in enumerate(listed):
            where = f"rows[{position}]" if "rows" in top else ""
            required = ("name",) if "rows" in top else ()
            own = self.block(
                entry, where, ("name", "row", "time", "known", "fields", "only_above"), required
            )
            row = own.get("row", top.get("row"))
            time = own.get("time", top.get("time"))
            for key, value in (("row", row), ("time", time)):
                if value is None:
                    raise self.fail(_join(where, key), "it is missing", "Add it to the mapping.")
            known = own.get("known", top.get("known"))
            fields = shared | self.fields(
                own.get("fields", {}), _join(where, "fields"), FIELDS[dataset]
            )
            self.require(fields, dataset, _join(where, "fields"))
            above = None
            if "only_above" in own:
                block = self.block(
                    own["only_above"],
                    _join(where, "only_above"),
                    ("from", "value"),
                    ("from", "value"),
                )
                above = (
                    self.text(block["from"], _join(where, "only_above.from")),
                    self.number(block["value"], _join(where, "only_above.value")),
                )
            found.append(
                RowSpec(
                    name=self.text(own.get("name", "row"), _join(where, "name")),
                    row=self.choice(row, _join(where, "row"), ROWS[dataset]),
                    time=self.time(time, _join(where, "time")),
                    known=self.time(known, _join(where, "known")) if known else None,
                    fields=fields,
                    only_above=above,
                )
            )
        return tuple(found)

    def require(self, fields: Dictionary[str, Any], dataset: str, where: str) -> None:
        if dataset == "options":
            if "ticker" in fields:
                return
            needed: tuple[str, ...] = CONTRACT
            remedy = f"Map `ticker`, or all of {', '.join(CONTRACT)}."
        else:
            needed = ("symbol",) if dataset == "stocks" else ("index", "close")
            remedy = "Map it."
        for name in needed:
            if name not in fields:
                raise self.fail(_join(where, name), "it is missing", remedy)

    def fields(self, value: Any, where: str, allowed: Sequence[str]) -> dict[str, FieldSpec]:
        block = self.block(value, where, allowed)
        found = {name: self.field(spec, _join(where, name)) for name, spec in block.items()}
        for name, spec in found.items():
            self.constant(name, spec, _join(where, f"{name}.constant"))
        return found

    def constant(self, name: str, spec: FieldSpec, where: str) -> None:
        """Check that a constant is a value of its field."""
        if spec.constant is None:
            return
        if name == "option_type":
            self.choice(spec.constant, where, ("C", "P"))
        elif name in DATE_FIELDS:
            raise self.fail(where, "a date cannot be constant", "Map a column.")
        elif name not in TEXT_FIELDS:
            try:
                float(spec.constant)
            except ValueError:
                raise self.fail(where, f"{spec.constant!r} is no number", "Correct it.") from None

    def field(self, value: Any, where: str) -> FieldSpec:
        if isinstance(value, str):
            return FieldSpec(columns=(value,))
        if isinstance(value, list):
            return FieldSpec(columns=self.texts(value, where))
        block = self.block(
            value,
            where,
            (
                "from",
                "constant",
                "mean_of",
                "pattern",
                "format",
                "divide_by",
                "null_if",
                "upper",
                "strip_prefix",
                "optional",
            ),
        )
        origins = [key for key in ("from", "constant", "mean_of") if key in block]
        if len(origins) != 1:
            raise self.fail(
                where, "it needs one origin", "Give exactly one of from, constant, mean_of."
            )
        pattern = None
        if "pattern" in block:
            pattern = self.text(block["pattern"], _join(where, "pattern"))
            if self.groups(pattern, _join(where, "pattern")) != ("value",):
                raise self.fail(
                    _join(where, "pattern"),
                    "it needs one named group `value`",
                    "Write (?P<value>...) around the part that counts.",
                )
        scale = self.number(block.get("divide_by", 1), _join(where, "divide_by"))
        if scale == 0:
            raise self.fail(_join(where, "divide_by"), "it is zero", "Give the unit, such as 100.")
        return FieldSpec(
            columns=self.texts(block.get("from", []), _join(where, "from")),
            constant=(
                self.text(block["constant"], _join(where, "constant"))
                if "constant" in block
                else None
            ),
            mean_of=self.texts(block.get("mean_of", []), _join(where, "mean_of")),
            pattern=pattern,
            format=self.texts(block.get("format", []), _join(where, "format")),
            divide_by=scale,
            null_if=self.numbers(block.get("null_if", []), _join(where, "null_if")),
            upper=self.flag(block.get("upper", False), _join(where, "upper")),
            strip_prefix=self.text(block.get("strip_prefix", ""), _join(where, "strip_prefix")),
            optional=self.flag(block.get("optional", False), _join(where, "optional")),
        )

    def time(self, value: Any, where: str) -> TimeSpec:
        block = self.block(
            value,
            where,
            ("from", "as", "zone", "format", "add_ms", "minutes_before_close"),
            ("from", "as"),
        )
        kind = self.choice(block["as"], _join(where, "as"), TIME_KINDS)
        zone = self.text(block.get("zone", "America/New_York"), _join(where, "zone"))
        try:
            zoneinfo.ZoneInfo(zone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError):
            near = difflib.get_close_matches(zone, sorted(zoneinfo.available_timezones()), n=1)
            hint = f"Did you mean {near[0]}? " if near else ""
            raise self.fail(
                _join(where, "zone"),
                f"there is no zone {zone!r}",
                f"{hint}Use a name such as America/New_York, never an offset.",
            ) from None
        if "add_ms" in block and kind != "date":
            raise self.fail(
                _join(where, "add_ms"), f"it goes with `as: date`, not {kind}", "Correct either."
            )
        before = block.get("minutes_before_close")
        return TimeSpec(
            columns=self.texts(block["from"], _join(where, "from")),
            kind=kind,
            zone=zone,
            format=self.texts(block.get("format", []), _join(where, "format")),
            add_ms=(
                self.text(block["add_ms"], _join(where, "add_ms")) if "add_ms" in block else None
            ),
            minutes_before_close=(
                None
                if before is None
                else int(self.number(before, _join(where, "minutes_before_close")))
            ),
        )

    def splits(self, value: Any) -> tuple[SplitSpec, ...]:
        if not isinstance(value, list):
            raise self.fail("split", "it must be a list", "Give `- from: ...` and `pattern: ...`.")
        found = []
        for position, entry in enumerate(value):
            where = f"split[{position}]"
            block = self.block(entry, where, ("from", "pattern"), ("from", "pattern"))
            pattern = self.text(block["pattern"], _join(where, "pattern"))
            groups = self.groups(pattern, _join(where, "pattern"))
            if not groups:
                raise self.fail(
                    _join(where, "pattern"),
                    "it has no named group",
                    "Write (?P<name>...) around each part; fields use the names.",
                )
            found.append(SplitSpec(self.text(block["from"], _join(where, "from")), pattern, groups))
        return tuple(found)

    def groups(self, pattern: str, where: str) -> tuple[str, ...]:
        try:
            compiled = re.compile(pattern)
        except re.error as error:
            what = f"it is no regular expression ({error})"
            raise self.fail(where, what, "Correct it.") from None
        if compiled.groups != len(compiled.groupindex):
            raise self.fail(where, "it has a group without a name", "Use (?:...) or name it.")
        return tuple(compiled.groupindex)

    def also(self, value: Any) -> tuple[SecondarySpec, ...]:
        if not isinstance(value, list):
            raise self.fail("also", "it must be a list", "Give `- table: dividends` and `fields`.")
        found = []
        for position, entry in enumerate(value):
            where = f"also[{position}]"
            block = self.block(entry, where, ("table", "fields"), ("table", "fields"))
            table = self.choice(block["table"], _join(where, "table"), list(SECONDARY))
            fields = self.fields(block["fields"], _join(where, "fields"), SECONDARY[table])
            for name in SECONDARY[table][:2]:
                if name not in fields:
                    raise self.fail(_join(where, f"fields.{name}"), "it is missing", "Map it.")
            found.append(SecondarySpec(table, fields))
        return tuple(found)


def _join(where: str, key: object) -> str:
    return f"{where}.{key}" if where else str(key)
