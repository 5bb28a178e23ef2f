"""A mapping is read strictly: what is wrong is named by file and key, with the nearest key."""

from __future__ import annotations

from pathlib import Path

import pytest
from vendor_files import at, day_rows, import_one, write

from engine.errors import MappingError
from engine.lake.importers import import_files, mapping

GOOD = """
vendor: my_broker
title: Chains that my broker exports
dataset: options
row: snapshot
csv: {delimiter: ";"}
time: {from: Stamp, as: wall_clock, zone: Europe/Berlin, format: ["%d.%m.%Y %H:%M"]}
fields:
  root: {from: Symbol, upper: true}
  expiration: {from: Expiry, format: ["%d.%m.%Y"]}
  strike: Strike
  option_type: Right
  bid: {from: Bid, divide_by: 100}
  ask: {from: Ask, divide_by: 100}
  vendor_iv: {from: [Volatility, IV], optional: true, divide_by: 100}
"""


def mapping_file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "my.yml"
    path.write_text(text)
    return path


def test_a_vendor_is_added_without_python(tmp_path: Path) -> None:
    file = write(
        tmp_path / "chain.csv",
        "Symbol;Expiry;Strike;Right;Stamp;Bid;Ask",
        "spy;15.03.2024;500.5;put;08.03.2024 16:00;123;125",
    )
    (report,) = import_files(tmp_path / "lake", [file], mapping=mapping_file(tmp_path, GOOD))
    assert (report.source, report.rows_written) == ("my_broker", 1)
    (row,) = day_rows(tmp_path / "lake", "options", "2024-03-08")
    assert row["symbol"] == "O:SPY240315P00500500"
    assert row["ts"] == at("2024-03-08 15:00")  # 16:00 in Berlin
    assert (row["bid"], row["ask"], row["vendor_iv"]) == (1.23, 1.25, None)


@pytest.mark.parametrize(
    ("old", "new", "key", "hint"),
    [
        ("dataset: options", "datset: options", "datset", "Did you mean dataset?"),
        ("title: Chains that my broker exports\n", "", "title", "missing"),
        ("row: snapshot", "row: snapshoot", "row", "Did you mean snapshot?"),
        ("row: snapshot\n", "", "row", "missing"),
        ("  bid:", "  bidd:", "fields.bidd", "Did you mean bid?"),
        ("divide_by: 100}\n  ask", "divideby: 100}\n  ask", "fields.bid.divideby", "divide_by"),
        ("divide_by: 100}\n  ask", "divide_by: lots}\n  ask", "fields.bid.divide_by", "number"),
        ("divide_by: 100}\n  ask", "divide_by: 0}\n  ask", "fields.bid.divide_by", "zero"),
        ("Europe/Berlin", "Europe/Berlen", "time.zone", "Did you mean Europe/Berlin?"),
        ("as: wall_clock", "as: wallclock", "time.as", "Did you mean wall_clock?"),
        ("from: Stamp, ", "", "time.from", "missing"),
        ("  strike: Strike\n", "", "fields.strike", "missing"),
        ("upper: true", "upper: yes please", "fields.root.upper", "true or false"),
        ("vendor: my_broker", "vendor: My Broker", "vendor", "lower-case"),
        ('delimiter: ";"', 'delimiter: ";;"', "csv.delimiter", "one character"),
        ("option_type: Right", "option_type: {constant: X}", "option_type.constant", "C, P"),
        ("strike: Strike", "strike: {}", "fields.strike", "one of from, constant, mean_of"),
        ("strike: Strike", "strike: {constant: abc}", "strike.constant", "no number"),
        ("dataset: options", "dataset: options\nprice_basis: raw", "price_basis", "raw"),
    ],
)
def test_a_typo_names_the_key_and_the_nearest(
    tmp_path: Path, old: str, new: str, key: str, hint: str
) -> None:
    assert old in GOOD
    path = mapping_file(tmp_path, GOOD.replace(old, new))
    with pytest.raises(MappingError) as error:
        mapping.read_mapping(path)
    assert str(path) in str(error.value)
    assert key in str(error.value)
    assert hint in str(error.value)


def test_stocks_must_name_their_price_basis(tmp_path: Path) -> None:
    text = """
vendor: v
title: t
dataset: stocks
row: day_bar
time: {from: d, as: date}
fields: {symbol: s}
"""
    with pytest.raises(MappingError, match=r"price_basis.*raw, split_adjusted, total_return"):
        mapping.read_mapping(mapping_file(tmp_path, text))
    with pytest.raises(MappingError, match="Did you mean split_adjusted"):
        mapping.read_mapping(mapping_file(tmp_path, text + "price_basis: split_ajusted\n"))


@pytest.mark.parametrize(
    ("pattern", "hint"),
    [("([0-9]+", "no regular expression"), ("([0-9]+)", "without a name"), ("[0-9]+", "group")],
)
def test_a_split_needs_a_pattern_with_names(tmp_path: Path, pattern: str, hint: str) -> None:
    text = GOOD + f"split:\n  - {{from: Text, pattern: '{pattern}'}}\n"
    with pytest.raises(MappingError, match=hint):
        mapping.read_mapping(mapping_file(tmp_path, text))


def test_yaml_that_is_none_names_the_line(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match=r"my\.yml, line 3"):
        mapping.read_mapping(mapping_file(tmp_path, "vendor: x\ntitle: y\nfields: {a: [}\n"))


def test_an_unknown_vendor_gets_the_list_and_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(MappingError) as error:
        import_files(tmp_path / "lake", [tmp_path], vendor="masive_options_day")
    assert "Did you mean massive_options_day?" in str(error.value)
    assert "optionsdx" in str(error.value) and "--mapping" in str(error.value)
    assert not (tmp_path / "lake").exists()


def test_neither_vendor_nor_mapping_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match="--vendor"):
        import_files(tmp_path / "lake", [tmp_path])


def test_a_mapping_of_another_vendor_is_an_error(tmp_path: Path) -> None:
    path = mapping_file(tmp_path, GOOD)
    with pytest.raises(MappingError, match="my_broker, not other"):
        import_files(tmp_path / "lake", [tmp_path], vendor="other", mapping=path)


def test_a_missing_mapping_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match=r"no mapping file .*nowhere\.yml"):
        import_files(tmp_path / "lake", [tmp_path], mapping=tmp_path / "nowhere.yml")


def test_comments_do_not_change_what_a_mapping_is_but_units_do(tmp_path: Path) -> None:
    plain = mapping.read_mapping(mapping_file(tmp_path, GOOD))
    commented = mapping.read_mapping(mapping_file(tmp_path, "# a remark\n" + GOOD))
    scaled = mapping.read_mapping(mapping_file(tmp_path, GOOD.replace("100}", "1000}")))
    assert plain.digest == commented.digest != scaled.digest


def test_another_mapping_reads_the_same_file_again(tmp_path: Path) -> None:
    file = write(
        tmp_path / "chain.csv",
        "Symbol;Expiry;Strike;Right;Stamp;Bid;Ask",
        "spy;15.03.2024;500;put;08.03.2024 16:00;123;125",
    )
    lake = tmp_path / "lake"
    for text, bid in ((GOOD, 1.23), (GOOD.replace("100}", "1000}"), 0.123)):
        path = mapping_file(tmp_path, text)
        (report,) = import_files(lake, [file], mapping=path)
        assert not report.unchanged
        assert [row["bid"] for row in day_rows(lake, "options", "2024-03-08")] == [bid]


def test_every_mapping_of_the_package_is_named_as_its_file() -> None:
    for path in sorted(mapping.FOLDER.glob("*.yml")):
        assert mapping.read_mapping(path).vendor == path.stem


def test_files_without_a_header_take_their_names_from_the_mapping(tmp_path: Path) -> None:
    text = """
vendor: bare
title: Lines without a header
dataset: stocks
row: minute_bar
price_basis: raw
csv: {names: [ms, open, high, low, close, volume]}
time: {from: day, as: date, format: ["%Y%m%d"], add_ms: ms}
split: [{from: _file, pattern: '^(?P<ticker>[a-z]+)_(?P<day>[0-9]{8})'}]
fields:
  symbol: {from: ticker, upper: true}
  close: {from: close, divide_by: 10000}
"""
    file = tmp_path / "spy_20240308_trade.csv"
    file.write_text("34200000,1,1,1,5000000,7\n")
    import_files(tmp_path / "lake", [file], mapping=mapping_file(tmp_path, text))
    (row,) = day_rows(tmp_path / "lake", "stocks", "2024-03-08")
    assert (row["symbol"], row["close"]) == ("SPY", 500.0)
    assert row["ts"] == at("2024-03-08 14:30")


def test_importing_by_vendor_or_by_its_mapping_file_is_the_same(tmp_path: Path) -> None:
    file = write(tmp_path / "c.csv", "ticker,Date,Close", "SPY,2026-07-31,747.03")
    by_name = import_one(tmp_path / "lake", file, "adjclose_only")
    path = mapping.FOLDER / "adjclose_only.yml"
    (by_file,) = import_files(tmp_path / "lake", [file], mapping=path)
    assert by_file.unchanged and by_file.mapping_hash == by_name.mapping_hash
