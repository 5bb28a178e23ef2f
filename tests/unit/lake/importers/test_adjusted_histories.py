"""Files of adjusted prices that were fetched before and after an adjustment."""

from __future__ import annotations

from pathlib import Path

import pytest
from vendor_files import day_rows, import_one, write

from engine.errors import LakeError

HEADER = "ticker,date,open,high,low,close,adjusted_close,volume,dividend_amount,split_coefficient"
DAYS = ("2020-12-21", "2020-12-22", "2020-12-23", "2020-12-24", "2020-12-28", "2020-12-29")


def history(path: Path, days, price: float, symbol: str = "SPY") -> Path:
    lines = [
        f"{symbol},{day},{price},{price},{price},{price + i / 100},1,10,0,1"
        for i, day in enumerate(days)
    ]
    return write(path, HEADER, *lines)


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    import_one(tmp_path / "lake", history(tmp_path / "a.csv", DAYS[:4], 100), "alphavantage_daily")
    return tmp_path / "lake"


def test_days_on_another_level_are_refused_and_nothing_changes(lake: Path, tmp_path: Path) -> None:
    file = history(tmp_path / "b.csv", DAYS[3:], 50)
    with pytest.raises(LakeError, match=r"SPY from 2020-12-24 on at 0\.49\d* times .*2020-12-21"):
        import_one(lake, file, "alphavantage_daily")
    assert day_rows(lake, "stocks", "2020-12-24")[0]["open"] == 100
    assert day_rows(lake, "stocks", "2020-12-28") == []


def test_days_on_the_same_level_go_on(lake: Path, tmp_path: Path) -> None:
    import_one(lake, history(tmp_path / "b.csv", DAYS[3:], 100.02), "alphavantage_daily")
    assert day_rows(lake, "stocks", "2020-12-29")[0]["open"] == 100.02


def test_a_whole_history_may_stand_on_a_new_level(lake: Path, tmp_path: Path) -> None:
    import_one(lake, history(tmp_path / "b.csv", DAYS, 50), "alphavantage_daily")
    assert day_rows(lake, "stocks", "2020-12-21")[0]["open"] == 50


def test_another_symbol_may_begin_where_it_likes(lake: Path, tmp_path: Path) -> None:
    file = history(tmp_path / "b.csv", DAYS[3:], 50, "QQQ")
    import_one(lake, file, "alphavantage_daily")
    assert [row["symbol"] for row in day_rows(lake, "stocks", "2020-12-24")] == ["QQQ", "SPY"]
