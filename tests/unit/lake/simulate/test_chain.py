from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from simulated_market import SESSIONS, Made, long_path

from engine.kernels import american_options as american
from engine.kernels import black
from engine.kernels.american_options import Dividends
from engine.lake.simulate import listing, valuation
from engine.lake.simulate.model import Law, Surface
from engine.lake.simulate.scenario import STRUCTURE_EDGE
from engine.lake.simulate.timeline import timeline
from engine.lake.simulate.universe import INSTRUMENTS, SYMBOLS
from engine.market import calendar


def test_every_session_has_enough_rows_of_both_sources(sample: Made) -> None:
    counts = sample.sql(
        """select {day} d, count(*), count(*) filter (source = 'sim_quotes'),
            count(distinct underlying) from {options} group by d"""
    )
    assert len(counts) == SESSIONS
    for _, rows, quotes, underlyings in counts:
        assert rows >= 8000
        assert quotes >= 6000
        assert underlyings == 16


def test_rows_obey_the_contract(sample: Made) -> None:
    [bad] = sample.sql(
        """select count(*) from {options} where not coalesce(
            symbol = 'O:' || root || strftime(expiration, '%y%m%d') || option_type
                || lpad((strike * 1000)::bigint::varchar, 8, '0')
            and root = underlying and strike > 0 and option_type in ('C', 'P')
            and dte = expiration - {day} and dte >= 0 and ts::date = {day}
            and volume >= 0 and volume = round(volume) and transactions <= volume
            and (transactions = 0) = (volume = 0) and vendor_iv is null, false)"""
    )
    assert bad == (0,)
    [repeated] = sample.sql(
        """select count(*) - count(distinct (filename, root, expiration, strike, option_type,
            source, bar_seconds, ts)) from {options}"""
    )
    assert repeated == (0,)


def test_rows_are_in_the_lake_s_order(sample: Made) -> None:
    [disorder] = sample.sql(
        """with numbered as (
            select filename, file_row_number r, (underlying, root, expiration, strike, option_type,
                source, bar_seconds, ts) k
            from read_parquet('"""
        + str(sample.root)
        + """/options/2*.parquet', filename = true, file_row_number = true))
        select count(*) from (
            select k < lag(k) over (partition by filename order by r) bad from numbered)
        where bad"""
    )
    assert disorder == (0,)


def test_quotes_are_snapshots_a_quarter_of_an_hour_before_the_close(sample: Made) -> None:
    times = sample.sql(
        """select source, {day} = date '2025-07-03' half, ts::timestamp::time,
            known_at::timestamp::time, bar_seconds
        from {options} group by all order by all"""
    )
    assert times == [
        ("sim_quotes", False, dt.time(15, 45), dt.time(15, 45), 0),
        ("sim_quotes", True, dt.time(12, 45), dt.time(12, 45), 0),
        ("sim_trades", False, dt.time(9, 30), dt.time(16, 0), 86_400),
        ("sim_trades", True, dt.time(9, 30), dt.time(13, 0), 86_400),
    ]


def test_quotes_enclose_the_fair_price_and_are_not_crossed(sample: Made) -> None:
    [bad, rows] = sample.sql(
        """select count(*) filter (not (bid <= fair + 1e-9 and ask >= fair - 1e-9 and bid >= 0
            and ask >= bid + 0.01 - 1e-9 and (bid_size > 0) = (bid > 0) and ask_size > 0)), count(*)
        from (select *, {day} d from {options} where source = 'sim_quotes') q
        join (select symbol, {day} d, fair from {fair}) using (symbol, d)"""
    )[0]
    assert bad == 0
    assert rows == sample.sql("select count(*) from {options} where source = 'sim_quotes'")[0][0]


def test_trade_rows_have_neither_quotes_nor_open_interest(sample: Made) -> None:
    [bad] = sample.sql(
        """select count(*) from {options} where source = 'sim_trades' and not (
            bid is null and ask is null and open_interest is null and underlying_price is null
            and volume > 0 and low > 0 and low <= least(open, close)
            and high >= greatest(open, close))"""
    )
    assert bad == (0,)


def test_contracts_without_a_trade_keep_the_last_price(sample: Made) -> None:
    rows = sample.sql(
        """with quotes as (select *, {day} d from {options} where source = 'sim_quotes'),
        trades as (select *, {day} d from {options} where source = 'sim_trades'),
        days as (select d, lag(d) over (order by d) before from (select distinct d from quotes))
        select count(*) filter (today.close is distinct from
                coalesce(trades.close, yesterday.close)),
            count(*) filter (trades.close is null and yesterday.close is not null), count(*)
        from quotes today join days using (d)
        join quotes yesterday on yesterday.d = before and yesterday.symbol = today.symbol
        left join trades on trades.d = before and trades.symbol = today.symbol
        where today.volume = 0"""
    )
    wrong, stale, seen = rows[0]
    assert wrong == 0
    assert stale > 1000 and seen > stale
    [shown] = sample.sql("select count(*) from {options} where volume = 0 and open is not null")
    assert shown == (0,)


def test_volume_up_to_the_snapshot_is_part_of_the_day_s(sample: Made) -> None:
    [(bad, less)] = sample.sql(
        """with q as (select symbol, {day} d, volume from {options} where source = 'sim_quotes'),
        t as (select symbol, {day} d, volume from {options} where source = 'sim_trades')
        select count(*) filter (q.volume > coalesce(t.volume, 0)),
            count(*) filter (q.volume < coalesce(t.volume, 0))
        from q left join t using (symbol, d)"""
    )
    assert bad == 0 and less > 100


def test_expected_values_obey_parity(sample: Made) -> None:
    [(worst, pairs)] = sample.sql(
        """select max(abs(c.european - p.european - c.discount * (c.forward - k))), count(*)
        from (select *, substr(symbol, 12, 1) side, substr(symbol, 13)::double / 1000 k,
            left(symbol, 11) series from {fair}) c
        join (select *, substr(symbol, 12, 1) side, substr(symbol, 13)::double / 1000 k,
            left(symbol, 11) series from {fair}) p using (filename, series, k)
        where c.side = 'C' and p.side = 'P'"""
    )
    assert pairs > 50_000
    assert worst < 1e-9


def test_true_volatilities_are_those_of_the_fair_prices(sample: Made) -> None:
    """Without dividends ahead the expected value is Black-76; with them the American price."""
    rows = sample.sql(
        """select fair, european, iv, forward, discount, substr(t.symbol, 12, 1) = 'C',
            strike::double, expiration, epoch(known_at), underlying_price,
            coalesce((select list((ex_date - d) / 365.0 order by ex_date)
                from '{reference}/dividends.parquet' p
                where p.symbol = q.underlying and p.known_at <= q.known_at and p.ex_date > d
                and p.ex_date <= q.expiration), []),
            coalesce((select list(amount order by ex_date) from '{reference}/dividends.parquet' p
                where p.symbol = q.underlying and p.known_at <= q.known_at and p.ex_date > d
                and p.ex_date <= q.expiration), [])
        from (select *, {day} d from {fair}) t
        join (select *, {day} d from {options} where source = 'sim_quotes') q using (symbol, d)
        where iv is not null and hash(t.symbol, d) % 40 = 0"""
    )
    *numbers, times, amounts = zip(*rows, strict=True)
    fair, european, vol, forward, discount, is_call, strike, expiration, now, spot = (
        np.array(column) for column in numbers
    )
    table = calendar.between(dt.date(2025, 1, 1), dt.date(2026, 12, 31)).to_pylist()
    closes = {row["session_date"]: row["close_at"].timestamp() for row in table}
    years = (np.array([closes[day] for day in expiration]) - now) / (365.0 * 86_400.0)
    times = [np.minimum(each, left) for each, left in zip(times, years, strict=True)]
    offsets = np.cumsum([0, *(len(each) for each in times)])
    cash = Dividends(offsets, np.concatenate(times), np.concatenate(amounts))
    is_cash = np.diff(offsets) > 0
    assert len(fair) > 3000 and is_cash.sum() > 100
    expected = discount * black.price(forward, strike, vol * np.sqrt(years), is_call)
    np.testing.assert_allclose(expected[~is_cash], european[~is_cash], rtol=0, atol=1e-9)
    rate = -np.log(discount) / years
    worth = [
        (np.array(a) * np.exp(-r * np.array(w))).sum()
        for a, w, r in zip(amounts, times, rate, strict=True)
    ]
    paid = rate - np.log(forward / (spot - np.array(worth))) / years
    side = is_call.astype(np.int8)
    found = american.prices(side, spot, strike, years, rate, paid, vol, cash)
    np.testing.assert_allclose(found, fair, rtol=0, atol=2e-3)


def test_early_exercise_adds_to_what_is_expected(sample: Made) -> None:
    """Never less than exercise brings; more than expected for puts, and calls before ex-dates."""
    [(low, inside, puts, calls)] = sample.sql(
        """select min(fair - european),
            min(fair - if(t.symbol[12] = 'C', 1, -1) * (underlying_price - strike::double)),
            avg((fair > european + 0.001)::int) filter (t.symbol[12] = 'P'),
            avg((fair > european + 0.001)::int) filter (t.symbol[12] = 'C')
        from (select *, {day} d from {fair}) t
        join (select *, {day} d from {options} where source = 'sim_quotes') q using (symbol, d)"""
    )
    assert low > -0.01  # what the lattice misses far in the money, with dividends ahead
    assert inside > -1e-9
    assert puts > 0.5
    assert 0.03 < calls < 0.3


def test_american_chains_have_no_arbitrage_beyond_a_tick(sample: Made) -> None:
    [(seen, slopes, butterflies)] = sample.sql(
        """with chains as (
            select filename, left(symbol, 12) series, substr(symbol, 13)::double / 1000 k,
                fair, if(symbol[12] = 'C', -1, 1) sign from {fair}),
        steps as (
            select sign * (lead(fair) over w - fair) gap, lead(k) over w - k dk,
                (lead(fair) over w - fair) / (lead(k) over w - k) slope,
                (fair - lag(fair) over w) / (k - lag(k) over w) before
            from chains window w as (partition by filename, series order by k))
        select count(*), count(*) filter (gap > dk + 0.01 or gap < -1e-6),
            count(*) filter ((slope - before) * dk < -0.01) from steps where slope is not null"""
    )
    assert seen > 100_000
    assert (slopes, butterflies) == (0, 0)


def test_expected_values_have_no_butterfly_or_vertical_arbitrage(sample: Made) -> None:
    [(slopes, butterflies, seen)] = sample.sql(
        """with calls as (
            select filename, left(symbol, 11) series, substr(symbol, 13)::double / 1000 k,
                european / discount price, forward from {fair} where substr(symbol, 12, 1) = 'C'),
        steps as (
            select *, (lead(price) over w - price) / (lead(k) over w - k) slope,
                (price - lag(price) over w) / (k - lag(k) over w) before, lead(k) over w - k dk
            from calls window w as (partition by filename, series order by k))
        select count(*) filter (not slope between -1 - 1e-6 and 1e-6),
            count(*) filter ((slope - before) * dk < -1e-6 * forward), count(*) from steps
            where slope is not null"""
    )
    assert seen > 50_000
    assert (slopes, butterflies) == (0, 0)


def test_open_interest_is_that_of_the_night_before(sample: Made) -> None:
    [(new, first, moved)] = sample.sql(
        """with q as (select symbol, {day} d, open_interest oi from {options}
            where source = 'sim_quotes'),
        seen as (select symbol, min(d) since from q group by symbol),
        born as (select min(d) first_day from q),
        t as (select symbol, {day} d, volume from {options} where source = 'sim_trades')
        select count(*) filter (d = since and since > first_day
                and symbol[3:5] not in ('VXX', 'XLK') and oi != 0),
            count(*) filter (d = first_day and oi > 0),
            (select count(*) from q a join t using (symbol, d)
             join q b on b.symbol = a.symbol and b.d > a.d and b.oi != a.oi)
        from q join seen using (symbol), born"""
    )
    assert new == 0  # a contract listed today had no holders last night
    assert first > 1000  # the first session's contracts are seasoned
    assert moved > 1000


def test_strikes_once_listed_stay_until_expiration(sample: Made) -> None:
    [(gone,)] = sample.sql(
        """with q as (select symbol, underlying, expiration, {day} d from {options}
            where source = 'sim_quotes'),
        days as (select d, lead(d) over (order by d) following from (select distinct d from q)),
        splits as (select symbol as underlying, ex_date from '{reference}/splits.parquet')
        select count(*) from q join days using (d)
        where following is not null and expiration >= following
        and not exists (select 1 from q n where n.symbol = q.symbol and n.d = following)
        and not exists (select 1 from splits s
            where s.underlying = q.underlying and s.ex_date = following)"""
    )
    assert gone == 0


def test_listing_cycles_have_weeklies_monthlies_and_quarterlies() -> None:
    line = timeline(dt.date(2024, 1, 2), 5)
    for i, each in enumerate(INSTRUMENTS):
        listed = listing.expirations(line, 0, i, listing.Depth())
        assert line.is_weekly[listed].sum() >= each.weeklies
        assert line.is_monthly[listed].sum() >= each.monthlies
        assert line.days[listed[-1]] > dt.date(2024, 6, 1)
    spy = [
        line.days[s] for s in listing.expirations(line, 0, SYMBOLS.index("SPY"), listing.Depth())
    ]
    assert dt.date(2024, 1, 3) in spy  # a Wednesday
    assert dt.date(2024, 3, 28) in spy  # quarter end, before Good Friday
    assert dt.date(2024, 3, 15) in spy  # third Friday


def test_forwards_take_out_dividends_before_expiration_only() -> None:
    made = long_path("null", 2, sessions=80)
    path, line = made.path, made.line
    spy = SYMBOLS.index("SPY")
    dividend = next(d for d in path.dividends if d.instrument == spy and d.ex < 75)
    t = dividend.declared + 2
    spot = path.snapshot[t] + path.outstanding[t]
    before, after = dividend.ex - 1, dividend.ex + 1
    ahead = valuation.forwards(
        line, path, [], t, spot, np.array([spy, spy]), np.array([before, after])
    )
    assert ahead.whole[0] == pytest.approx(spot[spy])  # no rates in the null market
    assert ahead.whole[1] == pytest.approx(spot[spy] - dividend.amount)


def test_prices_fall_by_the_dividend_on_the_ex_date() -> None:
    made = long_path("default", 5, sessions=2500)
    path = made.path
    raw_close = path.close + path.outstanding
    raw_open = path.open + path.outstanding
    gaps, paid = [], []
    for dividend in path.dividends:
        i, ex = dividend.instrument, dividend.ex
        if ex >= made.line.count or SYMBOLS[i] not in ("HYG", "LQD", "TLT"):
            continue
        gaps.append(raw_open[ex, i] / raw_close[ex - 1, i] - 1.0)
        paid.append(dividend.amount / raw_close[ex - 1, i])
    drop, size = np.mean(gaps), np.mean(paid)
    error = np.std(gaps) / np.sqrt(len(gaps))
    assert size > 6 * error
    assert abs(drop + size) < 4.0 * error


def test_only_the_planted_structure_is_dear_and_only_in_its_regime(law: Law) -> None:
    made = long_path("planted", 1, sessions=1500)
    line, path = made.line, made.path
    members = (SYMBOLS.index("IWM"), SYMBOLS.index("SPY"))
    surface = Surface(law, members)
    usual = np.sqrt(252.0 * law.loadings**2 @ law.usual_variance()[:, 1])
    for regime in range(4):
        t = int(np.flatnonzero(path.regime_after == regime)[3])
        book = listing.list_contracts(
            listing.Book.empty(), line, path, 1, t, members, usual, listing.Depth()
        )
        spot = np.round(path.snapshot[t] + path.outstanding[t], 2)
        worth = valuation.value(
            surface, book, line, path, [], t, spot, STRUCTURE_EDGE, is_american=True
        )
        dear = (
            worth.center[book.instrument == members[0]] - worth.fair[book.instrument == members[0]]
        )
        np.testing.assert_array_equal(
            worth.center[book.instrument == members[1]], worth.fair[book.instrument == members[1]]
        )
        if regime != STRUCTURE_EDGE.regime:
            assert (dear == 0.0).all()
            continue
        assert (dear >= -1e-9).all()
        # the structure itself: about 30 days out, at the money, call and put
        ahead = book.expiration - t
        near = (book.instrument == members[0]) & (np.abs(ahead - 21) <= 3)
        money = near & (np.abs(book.strike / 1000.0 / worth.forward - 1.0) < 0.01)
        gain = worth.center[money].sum(1) / worth.fair[money].sum(1) - 1.0
        assert 0.18 < gain.mean() < 0.38
