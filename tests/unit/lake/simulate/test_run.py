from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from simulated_market import SESSIONS, UNTIL, Made, long_path

from engine.errors import LakeError
from engine.lake.schema import OPTIONS, REFERENCES, STOCKS
from engine.lake.simulate import SYMBOLS, listing, run, simulate, stocks
from engine.lake.simulate.model import Law
from engine.lake.store import Lake, hash_file

FEW = ("GLD", "SPY")


def contents(root: Path, pattern: str = "**/*.parquet") -> dict[str, str]:
    """Return the hash of every file's content by its path in the lake."""
    return {str(path.relative_to(root)): hash_file(path) for path in sorted(root.glob(pattern))}


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Made:
    root = tmp_path_factory.mktemp("few")
    return Made(root, simulate(root, sessions=SESSIONS, until=UNTIL, symbols=FEW))


def test_the_same_seed_gives_the_same_bytes(few: Made, tmp_path: Path) -> None:
    simulate(tmp_path, sessions=SESSIONS, until=UNTIL, symbols=FEW)
    assert contents(tmp_path) == contents(few.root)


def test_another_seed_gives_other_bytes(few: Made, tmp_path: Path) -> None:
    simulate(tmp_path, sessions=2, until=UNTIL, symbols=FEW, seed=8)
    ours, theirs = contents(tmp_path), contents(few.root)
    days = [name for name in ours if name.startswith(("stocks/2", "options/2"))]
    assert len(days) == 4 and all(ours[name] != theirs[name] for name in days)


def test_a_shorter_simulation_is_a_prefix_and_appending_completes_it(
    few: Made, tmp_path: Path
) -> None:
    days = Lake(few.root).days("stocks")
    simulate(tmp_path, sessions=SESSIONS - 3, until=days[-4], symbols=FEW)
    whole = contents(few.root)
    for name, digest in contents(tmp_path, "*/2*.parquet").items():
        assert whole[name] == digest, name
    added = simulate(tmp_path, append=1)
    assert (added.sessions, added.first, added.last) == (1, days[-3], days[-3])
    (tmp_path / "_truth" / "book.parquet").unlink()  # then the contracts are made again
    added = simulate(tmp_path, append=2)
    assert (added.sessions, added.last) == (2, days[-1])
    assert contents(tmp_path) == whole


def test_symbols_do_not_change_each_other(few: Made, sample: Made) -> None:
    for dataset, column in (("stocks", "symbol"), ("options", "underlying")):
        for day in Lake(few.root).days(dataset)[::9]:
            part = Lake(few.root).read_day(dataset, day)
            whole = Lake(sample.root).read_day(dataset, day).to_pandas()
            expected = whole[whole[column].isin(FEW)].reset_index(drop=True)
            assert part.num_rows > 400
            assert part.to_pandas().equals(expected)


def test_files_carry_the_lake_s_schemas(sample: Made) -> None:
    for dataset in (STOCKS, OPTIONS):
        for path in sorted((sample.root / dataset.name).glob("2*.parquet"))[::10]:
            assert pq.read_schema(path).remove_metadata() == dataset.schema
    for reference in REFERENCES.values():
        path = sample.root / "reference" / f"{reference.name}.parquet"
        assert pq.read_schema(path).remove_metadata() == reference.schema


def test_summary_counts_what_is_on_disk(sample: Made) -> None:
    summary = sample.summary
    files = Lake(sample.root).scan()
    by_dataset = {
        name: sum(file.rows for file in files if file.dataset == name)
        for name in ("stocks", "options")
    }
    assert by_dataset == {"stocks": summary.stock_rows, "options": summary.option_rows}
    assert (summary.sessions, summary.last) == (SESSIONS, UNTIL)
    assert summary.symbols == SYMBOLS
    record = json.loads((sample.root / "_manifest" / "simulation.json").read_text())
    assert record["first"] == summary.first.isoformat()
    assert (record["seed"], record["scenario"], record["sessions"]) == (7, "default", SESSIONS)


def test_daily_scale_has_day_bars_only(tmp_path: Path) -> None:
    summary = simulate(tmp_path, sessions=60, scale="daily", scenario="null")
    assert (summary.stock_rows, summary.option_rows) == (60 * 16, 0)
    assert Lake(tmp_path).days("options") == []
    day = Lake(tmp_path).read_day("stocks", summary.last)
    assert set(day["bar_seconds"].to_pylist()) == {86_400}
    added = simulate(tmp_path, append=1)
    assert added.first > summary.last and added.stock_rows == 16


def test_daily_and_sample_scale_close_at_the_same_prices(sample: Made, tmp_path: Path) -> None:
    simulate(tmp_path, sessions=SESSIONS, until=UNTIL, scale="daily")
    daily = Made(tmp_path, sample.summary).sql(
        "select {day} d, symbol, close from {stocks} order by all"
    )
    minutes = sample.sql(
        """select {day} d, symbol, arg_max(close, ts) from {stocks} where segment = 'regular'
        group by 1, 2 order by 1, 2"""
    )
    assert daily == minutes


def test_progress_is_told_of_every_session(tmp_path: Path) -> None:
    heard: list[tuple[int, int]] = []
    simulate(
        tmp_path, sessions=3, scale="daily", progress=lambda done, all_: heard.append((done, all_))
    )
    assert heard == [(1, 3), (2, 3), (3, 3)]


def test_the_same_simulation_may_be_written_again_and_longer(tmp_path: Path) -> None:
    until = dt.date(2025, 3, 14)
    simulate(tmp_path, sessions=4, until=until, scale="daily")
    before = contents(tmp_path)
    simulate(tmp_path, sessions=4, until=until, scale="daily")
    assert contents(tmp_path) == before
    simulate(tmp_path, sessions=5, until=dt.date(2025, 3, 17), scale="daily")
    assert len(Lake(tmp_path).days("stocks")) == 5


@pytest.mark.parametrize(
    "changed", [{"seed": 8}, {"scenario": "null"}, {"sessions": 3}, {"symbols": ("SPY",)}]
)
def test_another_simulation_is_not_written_over(tmp_path: Path, changed: dict) -> None:  # type: ignore[type-arg]
    simulate(tmp_path, sessions=4, scale="daily")
    before = contents(tmp_path)
    with pytest.raises(LakeError, match="holds another simulation"):
        simulate(tmp_path, **({"sessions": 4, "scale": "daily"} | changed))
    assert contents(tmp_path) == before


def test_imported_rows_are_not_written_over(sample: Made, tmp_path: Path) -> None:
    lake = Lake.open(tmp_path, create=True)
    day = Lake(sample.root).days("stocks")[0]
    lake.write_day("stocks", day, Lake(sample.root).read_day("stocks", day))
    with pytest.raises(LakeError, match="not simulated"):
        simulate(tmp_path, sessions=2, scale="daily")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"scenario": "boom"}, "no scenario 'boom'.*default, null, planted, dirty"),
        ({"scale": "huge"}, "no scale 'huge'.*sample, daily, reference"),
        ({"symbols": ("SPY", "NOPE")}, "no symbol NOPE.*SPY"),
        ({"symbols": ()}, "no symbol"),
        ({"sessions": 0}, "0 sessions"),
        ({"append": 1}, "no simulation to append to"),
    ],
)
def test_wrong_arguments_say_what_to_do(tmp_path: Path, wrong: dict, message: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(LakeError, match=message):
        simulate(tmp_path / "new", **wrong)
    assert not (tmp_path / "new").exists()


def test_reference_scale_has_no_option_truth_and_repeats_itself(tmp_path: Path) -> None:
    for name in ("a", "b"):
        simulate(tmp_path / name, sessions=1, scale="reference", symbols=("DIA",))
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert not (tmp_path / "a" / "_truth" / "options").exists()


def test_reference_scale_has_its_size(law: Law) -> None:
    made = long_path("default", 7, sessions=1)
    usual = np.sqrt(252.0 * law.loadings**2 @ law.usual_variance()[:, 1])
    members = tuple(range(16))
    book = listing.list_contracts(
        listing.Book.empty(), made.line, made.path, 7, 0, members, usual, run.REFERENCE_DEPTH
    )
    minutes = stocks.minutes_of(made.line, made.path, law, 7, 0)
    rows = stocks.minute_rows(
        made.line, made.path, law, 7, 0, members, minutes, run.REFERENCE_EXTENDED
    )
    # a quote for every call and put, and a trade row for about two in five
    assert 240_000 < 2 * len(book) * 1.42 < 290_000
    assert 8_500 < rows.num_rows < 9_300
