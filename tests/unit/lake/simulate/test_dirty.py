from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from simulated_market import UNTIL, Made

from engine.lake.simulate import dirty, simulate
from engine.lake.simulate.dirty import OPTION_FAULTS, STOCK_FAULTS
from engine.lake.store import Lake

SYMBOLS = ("GLD", "HYG", "SPY")


@pytest.fixture(scope="module")
def spoiled(tmp_path_factory: pytest.TempPathFactory) -> Made:
    root = tmp_path_factory.mktemp("dirty")
    return Made(root, simulate(root, scenario="dirty", sessions=26, until=UNTIL, symbols=SYMBOLS))


@pytest.fixture(scope="module")
def faults(spoiled: Made) -> dict[tuple[str, str], int]:
    return {
        (dataset, reason): count
        for dataset, reason, count in spoiled.sql(
            "select dataset, reason, count(*) from '{truth}/faults.parquet' group by all"
        )
    }


def test_every_kind_of_fault_is_there(faults: dict[tuple[str, str], int]) -> None:
    expected = {("stocks", kind.reason) for kind in STOCK_FAULTS}
    expected |= {("options", kind.reason) for kind in OPTION_FAULTS}
    expected |= {("stocks", "not_a_session"), ("options", "not_a_session")}
    expected |= {("stocks", "missing_bar"), ("stocks", "missing_session")}
    expected |= {("dividends", "known_too_late")}
    assert expected <= faults.keys()


def test_summary_counts_the_faults(spoiled: Made, faults: dict[tuple[str, str], int]) -> None:
    assert spoiled.summary.faults == sum(faults.values())


OFF = "(isodow({day}) > 5 or {day} in (date '2025-06-19', date '2025-07-04'))"
COUNTS = {
    ("stocks", "bad_ohlc"): "high < low and low > 0",
    ("stocks", "non_positive_price"): "low <= 0",
    ("stocks", "null_price"): "close is null",
    ("stocks", "negative_volume"): "volume < 0",
    ("stocks", "flat_bar"): "volume = 0 and high = low",
    ("stocks", "known_before_bar"): "known_at < ts",
    ("stocks", "out_of_universe"): "symbol = 'ZZZQ'",
    ("stocks", "outside_hours"): "hour(ts) < 4",
    ("stocks", "wrong_date"): "ts::date < {day}",
    ("stocks", "not_a_session"): OFF,
    ("options", "bad_ohlc"): "high < low and low > 0",
    ("options", "non_positive_price"): "low <= 0",
    ("options", "negative_volume"): "volume < 0",
    ("options", "known_before_bar"): "known_at < ts",
    ("options", "not_a_session"): OFF,
    ("options", "out_of_universe"): "underlying = 'ZZZQ'",
    ("options", "wrong_date"): "ts::date < {day}",
    ("options", "adjusted_contract"): "root[-1] = '1'",
    ("options", "unknown_root"): "root = underlying || 'Q'",
    ("options", "expired"): "expiration < {day} and not " + OFF,
    ("options", "bad_strike"): "strike <= 0",
    ("options", "bad_option_type"): "option_type not in ('C', 'P')",
    ("options", "crossed"): "bid > ask",
    ("options", "arbitrage"): (
        "strike > 0 and bid > 0.2 * strike + greatest("
        "if(option_type = 'C', underlying_price - strike, strike - underlying_price), 0)"
    ),
}


@pytest.mark.parametrize(("dataset", "reason"), sorted(COUNTS))
def test_listed_faults_are_the_rows_that_have_them(
    spoiled: Made, faults: dict[tuple[str, str], int], dataset: str, reason: str
) -> None:
    where = COUNTS[dataset, reason]
    [(found,)] = spoiled.sql(f"select count(*) from {{{dataset}}} where {where}")
    assert found == faults[dataset, reason]


@pytest.mark.parametrize("dataset", ["stocks", "options"])
def test_repeated_keys_are_the_listed_duplicates(
    spoiled: Made, faults: dict[tuple[str, str], int], dataset: str
) -> None:
    key = {
        "stocks": "symbol, source, bar_seconds, ts",
        "options": "root, expiration, strike, option_type, source, bar_seconds, ts",
    }[dataset]
    [(identical, conflicting)] = spoiled.sql(
        f"""select coalesce(sum(n - 1) filter (kinds = 1), 0),
            coalesce(sum(n - 1) filter (kinds = 2), 0)
        from (select count(*) n, count(distinct volume) kinds from {{{dataset}}}
            group by filename, {key} having count(*) > 1)"""
    )
    assert identical == faults[dataset, "duplicate"]
    assert conflicting == faults[dataset, "conflicting_duplicate"]


def test_missing_minutes_and_sessions_are_missing(spoiled: Made) -> None:
    [(minutes,)] = spoiled.sql(
        """select count(*) from '{truth}/faults.parquet' f join
            (select *, {day} d from {stocks}) s
            on s.symbol = f.entity and s.ts = f.ts and s.d = f.session_date
        where f.reason = 'missing_bar'"""
    )
    [(sessions,)] = spoiled.sql(
        """select count(*) from '{truth}/faults.parquet' f join
            (select distinct symbol, {day} d from {stocks}) s
            on s.symbol = f.entity and s.d = f.session_date
        where f.reason = 'missing_session'"""
    )
    assert (minutes, sessions) == (0, 0)


def test_clean_rows_are_those_of_the_default_scenario(spoiled: Made, tmp_path: Path) -> None:
    clean = Made(tmp_path, simulate(tmp_path, sessions=26, until=UNTIL, symbols=SYMBOLS))
    expected = set(clean.sql("select {day}, symbol, ts, open, high, low, close from {stocks}"))
    kept = spoiled.sql("select {day}, symbol, ts, open, high, low, close from {stocks}")
    listed = spoiled.summary.faults
    strange = [row for row in kept if row not in expected]
    assert 0 < len(strange) < listed
    assert len(kept) - len(strange) > 0.95 * len(expected)


def test_late_events_never_replace_real_ones(spoiled: Made) -> None:
    rows = spoiled.sql(
        """select source, count(*), bool_and(known_at::date > ex_date)
        from '{reference}/dividends.parquet' group by 1 order by 1"""
    )
    assert [source for source, *_ in rows] == ["sim", "sim_late"]
    assert rows[1][2] and not rows[0][2]


def test_appended_sessions_carry_the_same_faults(spoiled: Made, tmp_path: Path) -> None:
    days = [day for day in Lake(spoiled.root).days("stocks") if day.weekday() < 5]
    simulate(tmp_path / "a", scenario="dirty", sessions=25, until=days[-2], symbols=SYMBOLS)
    simulate(tmp_path / "a", append=1)
    theirs, ours = (root / "_truth" / "faults.parquet" for root in (spoiled.root, tmp_path / "a"))
    assert ours.read_bytes() == theirs.read_bytes()
    shutil.rmtree(tmp_path / "a")


def test_daily_bars_are_spoiled_too(tmp_path: Path) -> None:
    made = Made(tmp_path, simulate(tmp_path, scenario="dirty", sessions=60, scale="daily"))
    reasons = {
        reason for (reason,) in made.sql("select distinct reason from '{truth}/faults.parquet'")
    }
    assert reasons >= {kind.reason for kind in STOCK_FAULTS} - {"outside_hours"}
    assert "outside_hours" not in reasons  # a day bar has no hour


def test_faults_are_named_by_known_reasons() -> None:
    """Reasons that staging rejects by must be in the seed of reason codes."""
    seed = Path(__file__).parents[4] / "seeds" / "reason_codes.csv"
    known = {line.split(",")[0] for line in seed.read_text().splitlines()[1:]}
    rejected = {kind.reason for kind in STOCK_FAULTS + OPTION_FAULTS if kind.is_rejected}
    assert rejected | {"not_a_session", "known_too_late"} <= known
    assert len(STOCK_FAULTS) <= dirty.TURNS
