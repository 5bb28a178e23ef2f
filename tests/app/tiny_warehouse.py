"""A small published warehouse, made directly with DuckDB, for tests of the app.

Known by construction: three symbols (CCC without bars, only AAA with 5-minute bars), 300
sessions of which BBB lacks one, 30 rejected rows, `raw_walk` a sine, `raw_double` twice it,
`raw_noise` a hash, `ent_empty` NULL; of the market `xa_rs_bbb_20` rises, `xa_rs_ccc_20` falls
and `xa_corr_aaa_ccc_20` is NULL. From session 21 on the combined regime goes round its four names,
ten sessions each. AAA has option chains from 2026-01-05 on: three expiries of 18 contracts, those
at 120 without a bid, the last expiry without a smile of its own, a risk reversal of -4 points at
30 days, a flip at 97.5 between walls at 90 and 105. As a script:
`python tests/app/tiny_warehouse.py FOLDER`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import duckdb

STAMP = "20260302T211500000000Z"
SESSIONS = 300
MISSING = "2025-06-18"  # the session that BBB lacks

_SQL = f"""
create table dim_sessions as
with days as (
    select range::date as session_date
    from range(date '2025-01-02', date '2027-01-01', interval 1 day)
    where dayofweek(range) between 1 and 5
)
select
    session_date,
    (session_date + time '14:30')::timestamp at time zone 'UTC' as open_at,
    (session_date + time '21:00')::timestamp at time zone 'UTC' as close_at,
    390 as minutes,
    lead(session_date) over (order by session_date) as next_session
from days
order by session_date
limit {SESSIONS + 1};

create table dim_universe as
select * from (values
    ('AAA', 'First fund', 'equity', 'broad', null, 'benchmark'),
    ('BBB', 'Second fund', 'bond', 'rates', 'AAA', 'bonds'),
    ('CCC', 'Third fund', 'commodity', 'metals', 'AAA', 'commodity')
) as t (symbol, name, asset_class, sector, benchmark, role);

create table bars_1d as
with walks as (
    select
        symbol,
        session_date,
        open_at as open_ts,
        close_at as known_at,
        row_number() over (partition by symbol order by session_date) as i
    from dim_sessions
    cross join (values ('AAA'), ('BBB')) as s (symbol)
    where session_date < (select max(session_date) from dim_sessions)
),
prices as (
    select
        *,
        100 + 12 * sin(i / 23.0) + 3 * sin(i / 5.0 + ascii(symbol)) as close,
        100 + 12 * sin((i - 1) / 23.0) + 3 * sin((i - 1) / 5.0 + ascii(symbol)) as open
    from walks
)
select
    symbol, session_date, 'tiny' as source, open_ts, known_at,
    open, greatest(open, close) + 0.6 as high, least(open, close) - 0.6 as low, close,
    1e6 + 1e4 * (i % 7) as volume,
    open * 1.1 as adj_open, (greatest(open, close) + 0.6) * 1.1 as adj_high,
    (least(open, close) - 0.6) * 1.1 as adj_low, close * 1.1 as adj_close,
    390 as minutes, 390 as expected_minutes, 1.0 as coverage, 'minutes' as bar_source
from prices
where not (symbol = 'BBB' and session_date = date '{MISSING}');

create table bars_5min as
select
    symbol, session_date, open_ts + to_minutes((5 * k)::bigint) as open_ts,
    open_ts + to_minutes((5 * k + 5)::bigint) as known_at,
    open + k * (close - open) / 78 as open,
    open + k * (close - open) / 78 + 0.3 as high,
    open + k * (close - open) / 78 - 0.3 as low,
    open + (k + 1) * (close - open) / 78 as close,
    volume / 78 as volume,
    1.1 * (open + k * (close - open) / 78) as adj_open,
    1.1 * (open + k * (close - open) / 78 + 0.3) as adj_high,
    1.1 * (open + k * (close - open) / 78 - 0.3) as adj_low,
    1.1 * (open + (k + 1) * (close - open) / 78) as adj_close
from bars_1d
cross join range(78) as r (k)
where session_date >= date '2025-12-01' and symbol = 'AAA';

create table stg_lake__options as
select
    'O:' || symbol || '260320C00100000' as symbol, symbol as underlying, symbol as root,
    date '2026-03-20' as expiration, 100::decimal(9, 3) as strike, 'C' as option_type,
    'tiny' as source, session_date, known_at, 0 as bar_seconds,
    close / 20 as open, close / 20 as high, close / 20 as low, close / 20 as close,
    close / 20 - 0.05 as bid, close / 20 + 0.05 as ask, 1e1 as bid_size, 1e1 as ask_size,
    5e0 as volume, 1e2 as open_interest, close as underlying_price
from bars_1d
where session_date >= date '2025-06-02';

create table iv_smiles as
select
    b.session_date, 'AAA' as underlying, 'AAA' as root, e.expiration, true as is_observed,
    b.known_at, e.expiration + interval 21 hour as settles_at,
    (e.expiration - b.session_date) / 365.0 as t, b.close as spot, b.close as forward,
    5e-2 as rate,
    0.03 * t as a, 0.1 * t as b, -3e-1 as rho, 0e0 as m, 2e-1 as s,
    e.fit_source, e.fit_age, sqrt(0.05) as atm_iv, -67e-3 as atm_skew,
    e.count_points, e.lowest_k, -e.lowest_k as highest_k, e.rmse, 2 * e.rmse as worst,
    e.butterflies, e.reason
from bars_1d as b
cross join (values
    (date '2026-03-20', 'own', 0e0, 9, -2e-1, 1e-3, 0, null),
    (date '2026-04-17', 'own', 0e0, 8, -2e-1, 2e-3, 1, null),
    (date '2026-06-19', 'nearest', 0e0, 2, null, null, null, 'too_few_points')
) as e (expiration, fit_source, fit_age, count_points, lowest_k, rmse, butterflies, reason)
where b.symbol = 'AAA' and b.session_date >= date '2026-01-05';

create table option_marks as
with contracts as (
    select
        s.*, k.strike, o.option_type, k.strike = 120 as is_unquoted,
        ln(k.strike / s.forward) as k
    from iv_smiles as s
    cross join (select range::double as strike from range(80, 125, 5)) as k
    cross join (values ('C'), ('P')) as o (option_type)
)
select
    session_date, underlying, root, expiration, strike::decimal(9, 3) as strike, option_type,
    true as is_observed, known_at,
    greatest(if(option_type = 'C', 1, -1) * (forward - strike), 0) + 2 as mark,
    if(is_unquoted, 'surface', 'quote_mid') as mark_source, 0e0 as mark_age, t,
    if(is_unquoted, 0, mark - 0.05) as bid, mark + 0.05 as ask,
    if(is_unquoted, 'zero_bid', 'good') as quote_check,
    5e0 as volume, 100e0 as open_interest, null::double as vendor_iv, null::double as vendor_delta,
    spot, forward, rate, sqrt((a + b * (rho * k + sqrt(k ** 2 + s ** 2))) / t) as iv,
    if(is_unquoted, 'smile', 'own') as iv_source,
    if(option_type = 'C', 0.5, -0.5) - (strike - forward) / 100 as delta,
    2e-2 as gamma, 1e1 as vega, -3e-2 as theta, 5e0 as rho,
    1e-1 as vanna, 1e0 as volga, 1e-3 as charm,
    if(is_unquoted, 'zero_bid', null) as reason
from contracts;

create table iv_surface as
select
    b.session_date, 'AAA' as underlying, d.tenor_days, p.point,
    case when p.point like '%p' then 'P' when p.point like '%c' then 'C' end as option_type,
    null::double as delta, b.known_at, date '2026-03-20' as near_expiration,
    date '2026-04-17' as far_expiration,
    if(d.tenor_days between 14 and 90, p.iv + dayofmonth(b.session_date) / 1e4, null) as iv,
    1e0 as moneyness,
    case when d.tenor_days < 14 then 'before_first_expiry'
        when d.tenor_days > 90 then 'after_last_expiry' end as reason
from (select distinct session_date, known_at from iv_smiles) as b
cross join (select unnest([7, 14, 21, 30, 45, 60, 90, 180])::integer as tenor_days) as d
cross join (values
    ('10p', 0.27), ('16p', 0.26), ('25p', 0.25), ('35p', 0.24), ('atm', 0.22), ('35c', 0.215),
    ('25c', 0.21), ('16c', 0.205), ('10c', 0.2)
) as p (point, iv);

create table option_forwards as
select
    session_date, root, underlying, expiration, 'american' as exercise_style,
    'PM' as settlement, known_at, settles_at, t, spot, 'underlying_price' as spot_source, rate,
    'curve' as rate_source, 1::bigint as count_dividends, 4e-1 as dividends, forward,
    'parity' as forward_method, 6 as count_pairs, 1e-2 as dispersion, 5e-2 as carry,
    'quotes' as feed_role, 18::bigint as count_contracts, null::varchar as reason
from iv_smiles;

create table chain_quality as
select session_date, 'AAA' as underlying, kind, code, count_rows
from (select distinct session_date from iv_smiles)
cross join (values
    ('quote', 'good', 48), ('quote', 'zero_bid', 6), ('volatility', 'solved', 48),
    ('volatility', 'zero_bid', 6), ('mark', 'quote_mid', 48), ('mark', 'surface', 6),
    ('smile', 'own', 2), ('smile', 'nearest', 1), ('arbitrage', 'butterfly', 1),
    ('arbitrage', 'parity', 0)
) as q (kind, code, count_rows);

create table mark_reconciliation as
select
    session_date, 'AAA' as underlying, 54 as count_contracts, 54 as count_marked,
    0 as count_reasoned, 0 as count_not_used, 0 as count_unobserved, 48 as count_live,
    48 as count_live_iv, 0 as count_unexplained
from (select distinct session_date from iv_smiles);

create table dim_contracts as
select
    'O:' || root || strftime(expiration, '%y%m%d') || option_type
        || lpad((1000 * strike)::integer::varchar, 8, '0') as symbol,
    root, any_value(underlying) as underlying, expiration, strike, option_type,
    'american' as exercise_style, 'PM' as settlement, 'shares' as deliverable, 100 as multiplier,
    (expiration + interval 21 hour)::timestamptz as settles_at,
    min(session_date) as first_seen, max(session_date) as last_seen,
    count(*)::integer as count_sessions
from option_marks
group by root, expiration, strike, option_type;

create table gex_profile as
select
    underlying, session_date, strike, any_value(known_at) as known_at, any_value(spot) as spot,
    3e2 as call_oi, 2e2 as put_oi, 3e6 * exp(-abs(strike - 105) / 10) as gex_call,
    -2e6 * exp(-abs(strike - 90) / 10) as gex_put,
    3e6 * exp(-abs(strike - 105) / 10) - 2e6 * exp(-abs(strike - 90) / 10) as gex_net,
    'long_calls_short_puts' as sign_convention
from (select * replace (strike::double as strike) from option_marks)
group by underlying, session_date, strike;

create table gex_curve as
select
    underlying, session_date, (place / 100)::decimal(4, 2) as log_move, known_at, spot,
    97.5 * exp(place / 100) as spot_at, 1e6 * place as gex_net, sign_convention
from (select distinct underlying, session_date, known_at, spot, sign_convention from gex_profile)
cross join range(-20, 21) as r (place);

create table gex_levels as
select
    underlying, session_date, any_value(known_at) as known_at, any_value(spot) as spot,
    sum(gex_net) as net_gex, 975e-1 as gamma_flip, 105e0 as call_wall, 90e0 as put_wall,
    54 as contracts, 0 as left_out, 'long_calls_short_puts' as sign_convention
from gex_profile
group by underlying, session_date;

create table features_daily as
with rows as (
    select
        s.symbol,
        d.session_date,
        lag(d.close_at) over (partition by s.symbol order by d.session_date) as known_at,
        row_number() over (partition by s.symbol order by d.session_date) as i
    from dim_sessions as d
    cross join (values ('AAA'), ('BBB')) as s (symbol)
)
select
    symbol, session_date, known_at,
    case when i > 20 then sin(i / 30.0 + ascii(symbol)) end as raw_walk,
    case when i > 20 then 2 * sin(i / 30.0 + ascii(symbol)) end as raw_double,
    (hash(symbol, i) % 1000003) / 1000003.0 - 0.5 as raw_noise,
    case when i > 40 then 1.5 + 0.2 * cos(i / 9.0) end as ent_wave,
    null::double as ent_empty,
    dayofweek(session_date)::double as raw_weekday
from rows
where known_at is not null;

create table features_cross_asset as
with rows as (
    select
        session_date,
        lag(close_at) over (order by session_date) as known_at,
        row_number() over (order by session_date) as i
    from dim_sessions
)
select
    session_date, known_at,
    case when i > 20 then sin(i / 40.0) end as xa_corr_aaa_bbb_20,
    null::double as xa_corr_aaa_ccc_20,
    i / 100::double as xa_rs_bbb_20,
    -i / 100::double as xa_rs_ccc_20,
    (i % 11) / 10::double as xa_breadth_5
from rows
where known_at is not null;

create table regimes_daily as
with rows as (
    select *, row_number() over (partition by symbol order by session_date) as i
    from (select symbol, session_date, known_at from features_daily)
)
select
    symbol, session_date,
    case when i % 50 < 40 then 'OPTIMAL' else 'PAUSE' end as vix_regime,
    (case when i % 50 < 40 then i % 50 else i % 50 - 40 end)::integer as vix_bars,
    case when i > 10 then case when sin(i / 15.0) > 0 then 'UP' else 'DOWN' end end as trend,
    case when i > 10 then sin(i / 15.0) end as trend_score,
    case when i > 10 then (i % 10) end::integer as trend_bars,
    case when i > 20 then (i - 21) // 10 % 4 end::integer as combined_code,
    case when i > 20 then ['up_calm', 'up_wild', 'down_calm', 'down_wild'][1 + (i - 21) // 10 % 4]
        end as combined_regime,
    case when i > 20 then (i - 21) % 10 end::integer as combined_bars,
    case when i > 60 then 0.6::double end as p_low,
    case when i > 60 then 0.3::double end as p_mid,
    case when i > 60 then 0.1::double end as p_high,
    case when i > 60 then 'low' end as hmm_state,
    case when i > 60 then 1.3::double end as hmm_entropy,
    case when i > 60 then date '2025-01-02' end as fit_as_of,
    known_at
from rows;

create table regime_definitions as
select * from (values
    ('vix', 0, 'PAUSE', 'vix_close', 35::double, null::double, 1::double, 'Fear'),
    ('vix', 1, 'SUBOPTIMAL', 'vix_close', null, 15.0, 1.0, 'Premiums are thin'),
    ('vix', 2, 'OPTIMAL', 'vix_close', 15.0, 25.0, 1.0, 'Ordinary'),
    ('trend', 1, 'DOWN', 'trend_t', null, 0.0, 0.0, 'A fall'),
    ('trend', 3, 'UP', 'trend_t', 0.0, null, 0.0, 'A rise'),
    ('combined', 0, 'up_calm', null, null, null, null, 'Up and calm'),
    ('combined', 1, 'up_wild', null, null, null, null, 'Up and wild'),
    ('combined', 2, 'down_calm', null, null, null, null, 'Down and calm'),
    ('combined', 3, 'down_wild', null, null, null, null, 'Down and wild'),
    ('hmm', 0, 'low', null, null, null, null, 'Smallest sigma'),
    ('hmm', 1, 'mid', null, null, null, null, 'Middle sigma'),
    ('hmm', 2, 'high', null, null, null, null, 'Largest sigma')
) as t (regime_family, code, name, measure, lower_bound, upper_bound, hysteresis, meaning);

create table feature_catalog as
select
    name, module, scope, position, 'core' as tier, formula, units, source,
    inputs, windows, lookback, lookback as min_obs, engine,
    'previous_session' as lag, oracle, null::varchar as why, twin_of,
    null::varchar as near_duplicates, null_share, cost_ns, audit_status,
    case when audit_status != 'not_audited' then 'kernels' end as audits,
    case when audit_status != 'not_audited' then timestamptz '2026-03-01 12:00:00+00' end
        as audited_at
from (
    select
        *, 'daily' as scope, 'close' as inputs, null::varchar as windows,
        case name when 'ent_empty' then 1 when 'raw_walk' then 19 / 300 else 0 end::double
            as null_share,
        case when engine = 'kernel' then 100 * position::double end as cost_ns,
        case name when 'raw_double' then 'failed' when 'ent_wave' then 'stale'
            when 'raw_weekday' then 'not_audited' else 'passed' end as audit_status
    from (values
    (1, 'raw_walk', 'raw', 'sin(t / 30)', '[-1, 1]', 'standard', 21, 'exact', 'kernel', null),
    (2, 'raw_double', 'raw', '2 sin(t / 30)', '[-2, 2]', 'standard', 21, 'exact', 'kernel', null),
    (3, 'raw_noise', 'raw', 'uniform noise', 'fraction', 'practitioner', 1, 'none', 'sql', null),
    (4, 'raw_weekday', 'raw', 'day of the week', 'day', 'standard', 1, 'calendar', 'sql', null),
    (5, 'ent_wave', 'entropy', '1.5 + 0.2 cos(t / 9)', 'bits', 'Shannon 1948', 41, 'exact',
        'kernel', null),
    (6, 'ent_empty', 'entropy', 'nothing', 'bits', 'practitioner', 1, 'none', 'kernel', null)
    ) as t (position, name, module, formula, units, source, lookback, oracle, engine, twin_of)
    union all by name
    select
        *, 'cross_asset' as module, 'cross' as scope, 'standard' as source, 21 as lookback,
        'exact' as oracle, 'kernel' as engine, null::varchar as twin_of,
        0::double as null_share, 50::double as cost_ns, 'passed' as audit_status
    from (values
        (7, 'xa_corr_aaa_bbb_20', 'correlation of AAA and BBB', '[-1,1]',
            'close of AAA, close of BBB', '20'),
        (8, 'xa_corr_aaa_ccc_20', 'correlation of AAA and CCC', '[-1,1]',
            'close of AAA, close of CCC', '20'),
        (9, 'xa_rs_bbb_20', 'strength of BBB over AAA', 'sigma', 'close of BBB, close of AAA',
            '20'),
        (10, 'xa_rs_ccc_20', 'strength of CCC over AAA', 'sigma', 'close of CCC, close of AAA',
            '20'),
        (11, 'xa_breadth_5', 'share that rose', '[0,1]', 'close of every member', '5')
    ) as t (position, name, formula, units, inputs, windows)
);

create table feature_audits as
select
    case scope when 'daily' then 'features_daily' else 'features_cross_asset' end as table_name,
    name as column_name, 'kernels' as kind, 'abc' as code_hash,
    audit_status != 'failed' as is_passed, 4000::bigint as count_rows, cost_ns,
    case audit_status when 'failed' then 'start: 3 values differ' end as detail, audited_at
from feature_catalog
where audit_status != 'not_audited';

create table feature_health as
with long as (
    unpivot features_daily on raw_walk, raw_double, raw_noise, raw_weekday, ent_wave
    into name feature value value
)
select
    f.symbol, c.name as feature, count(*) as count_rows,
    1 - count(l.value) / count(*) as null_share,
    min(l.session_date) as first_session,
    case when count(l.value) = 0 then 'undefined' when count(l.value) < count(*)
        then 'warming_up' end as reason
from (select symbol, session_date from features_daily) as f
cross join (select name from feature_catalog where scope = 'daily') as c
left join long as l
    on l.symbol = f.symbol and l.session_date = f.session_date and l.feature = c.name
group by all;

create table reason_codes as
select * from (values
    ('duplicate', 'staging', 'An identical row was already kept', 'None: one copy is kept'),
    ('bad_ohlc', 'staging', 'High and low do not enclose open and close', 'None'),
    ('bad_timestamp', 'import', 'A time could not be converted', 'Check zone and unit'),
    ('warming_up', 'features', 'Fewer sessions than the lookback', 'Load more history'),
    ('undefined', 'features', 'The formula has no value here', 'None')
) as t (code, stage, meaning, remedy);

create table lake_rejects as
select
    case when i % 3 = 0 then 'import' else 'staging' end as stage,
    case when i % 5 = 0 then 'options' else 'stocks' end as dataset,
    'tiny' as source, date '2025-01-02' + (i // 2)::integer as session_date,
    'stocks/day.parquet' as file, i as file_row, 'AAA' as entity,
    case when i % 3 = 0 then 'bad_timestamp' when i % 3 = 1 then 'duplicate' else 'bad_ohlc' end
        as reason,
    null::varchar as detail
from range(1, 31) as r (i);

create table lake_reconciliation as
select
    d.dataset, session_date, md5(session_date::varchar) as content_hash,
    1000 + extra as count_footer, 1000 + extra as count_rows,
    990 as count_staged, extra as count_rejected, 10 as count_out_of_universe,
    0 as count_unexplained
from dim_sessions
cross join (values ('stocks', 2), ('options', 5)) as d (dataset, extra)
where session_date < (select max(session_date) from dim_sessions);

create table lake_coverage as
select
    s.symbol, d.session_date, b.bar_source, b.source,
    coalesce(b.minutes, 0) as count_minutes, d.minutes as expected_minutes,
    coalesce(b.coverage, 0) as coverage,
    coalesce(o.n, 0) as count_option_rows, coalesce(o.n, 0) as count_expirations
from dim_sessions as d
cross join (values ('AAA'), ('BBB')) as s (symbol)
left join bars_1d as b on b.symbol = s.symbol and b.session_date = d.session_date
left join (
    select underlying, session_date, count(*) as n from stg_lake__options group by all
) as o on o.underlying = s.symbol and o.session_date = d.session_date
where d.session_date < (select max(session_date) from dim_sessions);

create table build_history as
select
    strftime(made, '%Y%m%dT%H%M%S000000Z') as stamp, made::timestamptz as published_at,
    40 + i as seconds, 2.5 as publish_seconds, 'dev' as target, 'abcdef0123456789' as git_revision,
    i = 0 as is_full_refresh, 40 as count_models, 210 as count_tests, i as count_tests_warned,
    14 as count_tables, 50000 + i as count_rows, 300 as count_stock_days,
    200 as count_option_days, date '2025-01-02' as first_session,
    date '2026-02-25' as last_session, '2.0.0' as duckdb_version, 'x' as fingerprint
from (select i, timestamp '2026-02-20 21:00:00' + to_days(i::integer) as made from range(5) r (i));
"""


def make(
    folder: Path,
    *,
    stamp: str = STAMP,
    without: tuple[str, ...] = (),
    emptied: bool = False,
    parts_folder: str | None = None,
) -> Path:
    """Publish the tiny warehouse in a folder and return it.

    `without` leaves tables out, `emptied` leaves every table without a row, and `parts_folder`
    is where the version says that it was made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"warehouse-{stamp}.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(_SQL)
        for name in without:
            connection.execute(f"drop table {name}")
        for name in _names(connection) if emptied else ():
            connection.execute(f"delete from {name}")
        tables = {name: _facts(connection, name) for name in _names(connection)}
    facts = {
        "stamp": stamp,
        "published_at": "2026-03-02T21:15:00+00:00",
        "publish_seconds": 2.5,
        "parts_folder": parts_folder,
        "run": {
            "seconds": 41.0,
            "target": "dev",
            "models": 4,
            "tests": 4,
            "tests_warned": 1,
            "nodes": [
                {"name": "stg_lake__stocks", "type": "model", "seconds": 6.0},
                {"name": "int_bars__minutes", "type": "model", "seconds": 4.0},
                {"name": "feat_raw", "type": "model", "seconds": 9.0},
                {"name": "reason_codes", "type": "seed", "seconds": 0.5},
            ],
        },
        "lake": {"stocks": SESSIONS, "options": 200},
        "git_revision": "abcdef0123456789",
        "packages": {"duckdb": duckdb.__version__},
        "tables": tables,
        "tests": [
            _test("unique_together_bars_1d", "test", "pass", 0, "bars_1d"),
            _test("finite_features_daily", "test", "pass", 0, "features_daily"),
            _test("rare_bad_bars", "test", "warn", 3, "bars_1d"),
            _test("adds_up", "unit_test", "success", 0, "lake_reconciliation"),
        ],
    }
    (folder / f"build-{stamp}.json").write_text(json.dumps(facts))
    link = folder / "current.duckdb"
    link.unlink(missing_ok=True)
    link.symlink_to(path.name)
    return folder


def _names(connection: duckdb.DuckDBPyConnection) -> list[str]:
    return [row[0] for row in connection.execute("show tables").fetchall()]


def _facts(connection: duckdb.DuckDBPyConnection, name: str) -> dict[str, object]:
    columns = [row[0] for row in connection.execute(f"describe {name}").fetchall()]
    wanted = {"rows": "count(*)"}
    entity = next((column for column in ("underlying", "symbol") if column in columns), None)
    if entity:
        wanted["symbols"] = f"count(distinct {entity})"
    if "session_date" in columns:
        wanted |= {
            "sessions": "count(distinct session_date)",
            "first_session": "min(session_date)::varchar",
            "last_session": "max(session_date)::varchar",
        }
    if "known_at" in columns:
        wanted["known_at"] = "max(known_at)::varchar"
    row = connection.execute(f"select {', '.join(wanted.values())} from {name}").fetchone()
    return {
        "kind": "table",
        "description": f"The tiny {name}.",
        **({"grain": ["symbol", "session_date"]} if name == "bars_1d" else {}),
        **dict(zip(wanted, row or (), strict=True)),
    }


def _test(name: str, kind: str, status: str, failures: int, model: str) -> dict[str, object]:
    return {
        "unique_id": f"test.{name}",
        "name": name,
        "type": kind,
        "status": status,
        "failures": failures,
        "tests": [model],
    }


if __name__ == "__main__":
    make(Path(sys.argv[1]))
