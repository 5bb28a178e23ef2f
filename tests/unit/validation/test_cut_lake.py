"""A cut lake holds what was known, bit for bit, and nothing that was not."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from engine.errors import AuditError
from engine.lake.schema import DATASETS, REFERENCES, UTC
from engine.lake.store import Lake
from engine.market import calendar
from engine.validation.cut_lake import LATE_SOURCE, VARIANTS, Cut, Variant, cut_lake, plan_cuts


@pytest.fixture(scope="module")
def lake(small_lake: Path) -> Lake:
    lake = Lake(small_lake)
    lake.scan()
    return lake


@pytest.fixture(scope="module")
def instant(lake: Lake) -> dt.datetime:
    """Off the minute, in the middle of the seventh session."""
    return calendar.local_to_utc(lake.days("stocks")[6], 11, 17) + dt.timedelta(seconds=23)


@pytest.fixture(scope="module", params=VARIANTS)
def cut(request: pytest.FixtureRequest, instant: dt.datetime) -> Cut:
    return Cut(instant, True, request.param)


@pytest.fixture(scope="module")
def cut_down(lake: Lake, cut: Cut, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    folder = tmp_path_factory.mktemp("cut") / "lake"
    cut_lake(lake, folder, cut, seed=1)
    return Lake(folder)


def known(table: pa.Table, instant: dt.datetime) -> pa.Table:
    return table.filter(pc.field("known_at") <= pa.scalar(instant, UTC))


def later(table: pa.Table, instant: dt.datetime) -> pa.Table:
    return table.filter(pc.field("known_at") > pa.scalar(instant, UTC))


def whole(lake: Lake, dataset: str) -> pa.Table:
    return pa.concat_tables([lake.read_day(dataset, day) for day in lake.days(dataset)])


def test_rows_known_at_the_cut_are_all_there_and_unchanged(
    lake: Lake, cut_down: Lake, instant: dt.datetime
) -> None:
    for name in DATASETS:
        assert known(whole(cut_down, name), instant).equals(known(whole(lake, name), instant))
    for name, reference in REFERENCES.items():
        old = known(lake.read_reference(name), instant)
        new = known(cut_down.read_reference(name), instant)
        order = [(key, "ascending") for key in reference.key]
        assert new.sort_by(order).equals(old.sort_by(order))


def test_a_cut_inside_a_session_keeps_part_of_its_file(
    lake: Lake, cut_down: Lake, instant: dt.datetime
) -> None:
    day = instant.date()
    kept = known(cut_down.read_day("stocks", day), instant)
    assert 0 < kept.num_rows < lake.read_day("stocks", day).num_rows


def test_nothing_later_is_left_when_it_is_removed(
    lake: Lake, instant: dt.datetime, tmp_path: Path
) -> None:
    cut_lake(lake, tmp_path / "lake", Cut(instant, True, "removed"))
    down = Lake(tmp_path / "lake")
    assert max(down.days("stocks")) == instant.date()
    for name in DATASETS:
        assert later(whole(down, name), instant).num_rows == 0
    for name in REFERENCES:
        assert later(down.read_reference(name), instant).num_rows == 0


def test_later_rows_keep_their_keys_and_change_every_price_when_replaced(
    lake: Lake, instant: dt.datetime, tmp_path: Path
) -> None:
    cut_lake(lake, tmp_path / "lake", Cut(instant, True, "replaced"))
    down = Lake(tmp_path / "lake")
    for name, columns in (
        ("stocks", ("open", "high", "low", "close", "vwap", "volume")),
        ("options", ("bid", "ask", "open_interest", "underlying_price")),
    ):
        old, new = later(whole(lake, name), instant), later(whole(down, name), instant)
        assert new.select(DATASETS[name].key).equals(old.select(DATASETS[name].key))
        for column in columns:
            same = pc.equal(new[column], old[column])
            positive = pc.greater(old[column], 0.0)
            assert not pc.any(pc.and_(same, positive)).as_py(), column
            assert new[column].null_count == old[column].null_count


def test_replaced_bars_are_still_bars(lake: Lake, instant: dt.datetime, tmp_path: Path) -> None:
    cut_lake(lake, tmp_path / "lake", Cut(instant, True, "replaced"))
    bars = later(whole(Lake(tmp_path / "lake"), "stocks"), instant)
    low, high = bars["low"].to_numpy(), bars["high"].to_numpy()
    for name in ("open", "close"):
        prices = bars[name].to_numpy()
        assert ((low <= prices) & (prices <= high)).all()
    assert (low > 0).all()


def test_a_replaced_future_adds_dividends_and_splits_that_came_too_late(
    lake: Lake, instant: dt.datetime, tmp_path: Path
) -> None:
    cut_lake(lake, tmp_path / "lake", Cut(instant, True, "replaced"))
    down = Lake(tmp_path / "lake")
    symbols = set(lake.read_day("stocks", lake.days("stocks")[-1])["symbol"].to_pylist())
    for name in ("dividends", "splits"):
        added = [
            row for row in down.read_reference(name).to_pylist() if row["source"] == LATE_SOURCE
        ]
        assert {row["symbol"] for row in added} == symbols
        assert all(row["known_at"] > instant for row in added)
        assert any(row["ex_date"] < instant.date() for row in added)
        assert any(row["ex_date"] > instant.date() for row in added)


def test_files_that_were_complete_are_linked_and_not_hashed_again(
    lake: Lake, cut_down: Lake, instant: dt.datetime
) -> None:
    hashes = {(file.dataset, file.session_date): file.content_hash for file in lake.scan()}
    for file in cut_down.scan():
        complete = file.session_date < instant.date()
        original = lake.day_path(file.dataset, file.session_date)
        assert Path(file.path).samefile(original) == complete
        same = file.content_hash == hashes[file.dataset, file.session_date]
        assert same == complete


def test_a_cut_changes_nothing_in_the_lake_it_is_taken_from(
    lake: Lake, cut: Cut, tmp_path: Path
) -> None:
    def state() -> dict[str, tuple[int, bytes]]:
        return {
            str(path): (path.stat().st_mtime_ns, path.read_bytes())
            for path in sorted(lake.root.rglob("*.parquet"))
        }

    before = state()
    cut_lake(lake, tmp_path / "lake", cut)
    assert state() == before


def test_the_same_seed_gives_the_same_cut_lake_and_another_seed_another(
    lake: Lake, instant: dt.datetime, tmp_path: Path
) -> None:
    cut = Cut(instant, True, "replaced")
    content = []
    for number, seed in enumerate((1, 1, 2)):
        cut_lake(lake, tmp_path / str(number), cut, seed=seed)
        content.append([file.content_hash for file in Lake(tmp_path / str(number)).scan()])
    assert content[0] == content[1] != content[2]


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_row_of_unknown_time_was_never_known(tmp_path: Path, variant: Variant) -> None:
    lake = Lake.open(tmp_path / "lake", create=True)
    day = dt.date(2024, 7, 1)
    instant = calendar.local_to_utc(day, 20, 0)
    row = {
        "symbol": "SPY",
        "ts": calendar.local_to_utc(day, 9, 30),
        "known_at": None,
        "bar_seconds": 60,
        "source": "sim_minutes",
        "price_basis": "raw",
        "segment": "regular",
        **dict.fromkeys(("open", "high", "low", "close", "vwap"), 100.0),
        "volume": 10.0,
        "transactions": 3,
    }
    lake.write_day("stocks", day, pa.Table.from_pylist([row], DATASETS["stocks"].schema))
    counts = cut_lake(lake, tmp_path / "cut", Cut(instant, False, variant))
    closes = Lake(tmp_path / "cut").read_day("stocks", day)["close"].to_pylist()
    assert (counts.kept, counts.changed) == (0, 1)
    assert closes == [] if variant == "removed" else closes != [100.0]


def test_half_of_the_planned_instants_lie_inside_a_bar_and_each_has_both_variants(
    lake: Lake,
) -> None:
    plan = plan_cuts(lake, 8, seed=5)
    sessions = {
        row["session_date"]: row
        for row in calendar.between(lake.days("stocks")[0], lake.days("stocks")[-1]).to_pylist()
    }
    instants = {cut.instant: cut.inside_bar for cut in plan}
    assert len(plan) == 16
    assert sorted(instants.values()) == [False] * 4 + [True] * 4
    for instant, inside in instants.items():
        assert {cut.variant for cut in plan if cut.instant == instant} == set(VARIANTS)
        session = sessions.get(instant.date())
        is_open = session is not None and session["open_at"] < instant < session["close_at"]
        assert is_open == inside
        if inside:
            assert (instant.second, instant.microsecond) != (0, 0)


def test_some_instants_lie_between_the_close_and_the_index_levels(lake: Lake) -> None:
    closes = {
        row["close_at"]
        for row in calendar.between(lake.days("stocks")[0], lake.days("stocks")[-1]).to_pylist()
    }
    quarter = dt.timedelta(minutes=15)
    evening = [
        cut
        for cut in plan_cuts(lake, 2, seed=9)
        if any(close < cut.instant < close + quarter for close in closes)
    ]
    assert len(evening) == 2  # one instant, both variants


def test_plans_repeat_by_seed_and_grow_without_changing(lake: Lake) -> None:
    assert plan_cuts(lake, 3, seed=4) == plan_cuts(lake, 3, seed=4)
    assert plan_cuts(lake, 5, seed=4)[:6] == plan_cuts(lake, 3, seed=4)
    assert plan_cuts(lake, 3, seed=4) != plan_cuts(lake, 3, seed=6)


def test_a_lake_too_short_to_cut_is_refused(tmp_path: Path) -> None:
    lake = Lake.open(tmp_path / "lake", create=True)
    with pytest.raises(AuditError, match="has 0 sessions"):
        plan_cuts(lake, 1, seed=0)


def test_an_audit_without_cuts_is_refused(lake: Lake) -> None:
    with pytest.raises(AuditError, match="0 cuts"):
        plan_cuts(lake, 0, seed=0)


def test_files_without_statistics_are_read_instead(tmp_path: Path, lake: Lake) -> None:
    day = lake.days("stocks")[0]
    bare = Lake.open(tmp_path / "lake", create=True)
    table = lake.read_day("stocks", day)
    pq.write_table(table, bare.day_path("stocks", day), write_statistics=False)
    after = calendar.local_to_utc(day, 23, 0)
    counts = cut_lake(bare, tmp_path / "cut", Cut(after, False, "removed"))
    assert counts.kept == table.num_rows
    assert Lake(tmp_path / "cut").read_day("stocks", day).equals(table)
    assert np.all(table["known_at"].to_numpy() <= np.datetime64(after.replace(tzinfo=None)))
