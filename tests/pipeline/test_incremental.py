"""An incremental build equals a full refresh, bit for bit, whatever happened to the lake."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from warehouses import differences

from engine.errors import BuildError
from engine.lake.simulate import simulate
from engine.lake.store import Lake
from engine.settings import Settings
from engine.warehouse.pipeline import build, publish_last_build
from engine.warehouse.runner import Options


def raise_prices(lake: Lake, day: dt.date, symbol: str) -> None:
    """Restate a symbol's minutes of one day."""
    table = lake.read_day("stocks", day)
    factor = np.where(np.array(table["symbol"]) == symbol, 1.25, 1.0)
    for name in ("open", "high", "low", "close", "vwap"):
        column = table.column_names.index(name)
        table = table.set_column(column, name, pc.multiply(table[name], pa.array(factor)))
    assert lake.write_day("stocks", day, table)


def built_dates(settings: Settings, model: str) -> dict[dt.date, str]:
    with duckdb.connect(str(settings.build_file), read_only=True) as connection:
        rows = connection.execute(
            "select session_date, invocation_id from ops.lake_build_state where model = ?", [model]
        ).fetchall()
    return dict(rows)


@pytest.fixture(scope="module")
def changed(small_lake, copy_of, tmp_path_factory):
    """Build; then restate, remove, re-add and append days; build again; and build from nothing."""
    folder = tmp_path_factory.mktemp("incremental")
    lake = Lake(copy_of(small_lake, folder / "lake"))
    settings = Settings(lake.root, folder / "journal", folder / "warehouse")
    days = lake.days("stocks")
    late = lake.day_path("stocks", days[3])
    kept = late.read_bytes()
    late.unlink()  # arrives late, below
    build(settings, publishing=False)
    before = built_dates(settings, "int_bars__5min")

    late.write_bytes(kept)
    raise_prices(lake, days[5], "TLT")
    lake.day_path("stocks", days[7]).unlink()
    lake.day_path("options", days[6]).unlink()
    simulate(lake.root, append=1, seed=11)
    build(settings, publishing=False)
    after = built_dates(settings, "int_bars__5min")

    fresh = Settings(lake.root, folder / "journal", folder / "fresh")
    build(fresh, Options(full_refresh=True), publishing=False)
    return settings, fresh, days, before, after


def test_incremental_build_equals_a_full_refresh_bit_for_bit(changed):
    settings, fresh, *_ = changed
    assert differences(settings.build_file, fresh.build_file) == {}


def test_only_stale_dates_are_built_again(changed):
    *_, days, before, after = changed
    again = {day for day in after if after[day] != before.get(day)}
    appended = max(after)
    assert again == {days[3], days[5], appended}
    assert set(before) - set(after) == {days[7]}
    assert appended not in before


def test_a_difference_of_one_bit_is_seen(changed, tmp_path):
    settings, *_ = changed
    copy = tmp_path / "copy.duckdb"
    copy.write_bytes(settings.build_file.read_bytes())
    with duckdb.connect(str(copy)) as connection:
        ((close,),) = connection.execute("select close from main.bars_1d limit 1").fetchall()
        connection.execute(
            "update main.bars_1d set close = ? where close = ?", [np.nextafter(close, 1e9), close]
        )
    assert differences(settings.build_file, copy).keys() == {"main.bars_1d"}


def test_a_lake_that_changed_after_the_build_is_not_published(changed):
    settings, *_ = changed
    lake = Lake(settings.lake)
    day = lake.days("stocks")[0]
    raise_prices(lake, day, "SPY")
    with pytest.raises(BuildError, match=rf"1 day files, first stocks/{day}\.parquet"):
        publish_last_build(settings)
    assert not settings.current.exists()
