{{ config(
    materialized='lake_incremental',
    dataset='options',
    stamps_from='int_options__feeds',
    rows_of=['int_options__market'],
    invalidate_on=['option_roots'],
    uses_kernels=true,
    meta={'publish': 'parts'},
) }}
-- Each expiry's forward, time and rate at the moment its chain is looked at: from put-call parity
-- where both sides are priced together, else from the share price, the rate and the dividends.
-- From American prices the early exercise premium is taken off first.
{% set is_by_root = (var('option_exercise') == 'by_root') | lower -%}
with

best_feeds as (

    select
        session_date,
        underlying,
        -- quotes come before trades by the minute, these before day aggregates
        min_by(
            struct_pack(role := role, as_of := as_of, spot := spot),
            case role when 'quotes' then 1 when 'minutes' then 2 else 3 end
        ) as feed
    from {{ ref('int_options__feeds') }}
    where {{ lake_batch_dates() }}
    group by session_date, underlying

),

roles as (

    select
        session_date,
        underlying,
        feed.role as role,
        feed.as_of as as_of,
        feed.spot as spot
    from best_feeds

),

spots as (

    select
        roles.session_date,
        roles.underlying,
        roles.role as feed_role,
        roles.as_of,
        market.tenors,
        market.rates,
        market.rate_source,
        market.ex_dates,
        market.amounts,
        case
            when roles.spot > 0 then roles.spot
            when
                abs(epoch(roles.as_of) - epoch(market.snapshot_at)) <= 300
                and market.snapshot_price > 0
                then market.snapshot_price
            else market.close_price
        end as spot,
        case
            when roles.spot > 0 then 'underlying_price'
            when
                abs(epoch(roles.as_of) - epoch(market.snapshot_at)) <= 300
                and market.snapshot_price > 0
                then 'minute_bar'
            when market.close_price > 0 then 'session_close'
        end as spot_source
    from roles
    inner join {{ ref('int_options__market') }} as market using (session_date, underlying)

),

-- contracts of the feed that shows most of them
expiries as (

    select
        session_date,
        underlying,
        root,
        expiration,
        max(count_contracts) as count_contracts
    from (
        select
            session_date,
            underlying,
            root,
            expiration,
            count(*) as count_contracts
        from {{ ref('int_options__quotes') }}
        where {{ lake_batch_dates() }}
        group by session_date, underlying, root, expiration
        union all
        select
            session_date,
            underlying,
            root,
            expiration,
            count(*) as count_contracts
        from {{ ref('int_options__trades') }}
        where {{ lake_batch_dates() }}
        group by session_date, underlying, root, expiration
    ) as feeds
    group by session_date, underlying, root, expiration

),

timed as (

    select
        expiries.*,
        roots.exercise_style,
        roots.settlement,
        case
            when expiries.expiration - sessions.session_date > 7
                then timezone('America/New_York', expiries.expiration + time '16:00:00')
            when roots.settlement = 'AM' then sessions.open_at
            else sessions.close_at
        end as settles_at
    from expiries
    inner join {{ ref('option_roots') }} as roots using (root, underlying)
    asof left join {{ ref('dim_sessions') }} as sessions
        on expiries.expiration >= sessions.session_date

),

carried as (

    select
        timed.*,
        spots.feed_role,
        spots.as_of,
        spots.spot,
        spots.spot_source,
        spots.rate_source,
        spots.ex_dates,
        spots.amounts,
        greatest(epoch(timed.settles_at) - epoch(spots.as_of), 0) / {{ year_seconds() }} as t,
        interpolate(
            spots.tenors,
            spots.rates,
            (epoch(timed.settles_at) - epoch(spots.as_of)) / 86400.0
        ) as rate
    from timed
    inner join spots using (session_date, underlying)

),

dividends as (

    select
        session_date,
        root,
        expiration,
        count(*) as count_dividends,
        list_sum(list(amount * exp(-rate * years) order by ex_date, amount)) as dividends,
        list(years order by ex_date, amount) as dividend_times,
        list(amount order by ex_date, amount) as dividend_amounts
    from (
        select
            session_date,
            root,
            expiration,
            rate,
            unnest(amounts) as amount,
            unnest(ex_dates) as ex_date,
            -- on a short day that is both ex-date and expiration, t is the shorter
            least((unnest(ex_dates) - session_date) / 365.0::double, t) as years
        from carried
    ) as announced
    -- an option holder gets what exercise on the eve of the ex-date gives: later ones do not count
    where ex_date <= expiration
    group by session_date, root, expiration

),

expected as (

    select
        carried.* exclude (ex_dates, amounts),
        coalesce(dividends.count_dividends, 0) as count_dividends,
        coalesce(dividends.dividends, 0.0) as dividends,
        coalesce(dividends.dividend_times, []::double[]) as dividend_times,
        coalesce(dividends.dividend_amounts, []::double[]) as dividend_amounts,
        (carried.spot - coalesce(dividends.dividends, 0.0))
        * exp(carried.rate * carried.t) as dividend_forward
    from carried
    left join dividends using (session_date, root, expiration)

),

quotes as not materialized (

    select
        session_date,
        root,
        expiration,
        strike::double as strike,
        option_type,
        0.5 * (bid + ask) as price,
        greatest(ask - bid, 0.01) as width,
        epoch_us(known_at)::double as moment
    from {{ ref('int_options__quotes') }}
    where {{ lake_batch_dates() }} and quote_check in ('good', 'locked', 'wide')

),

quoted_beside_minutes as not materialized (

    select
        session_date,
        {{ contract_key() }}
    from {{ ref('int_options__quotes') }}
    where
        {{ lake_batch_dates() }}
        and has_minutes
        and quote_check in ('good', 'locked', 'wide', 'zero_bid')

),

-- a trade's pair is moved with the share price from its minute to the snapshot
trades as not materialized (

    select
        minute_trades.session_date,
        minute_trades.root,
        minute_trades.expiration,
        minute_trades.strike::double as strike,
        minute_trades.option_type,
        minute_trades.trade_price as price,
        greatest(0.02, 0.05 * minute_trades.trade_price) as width,
        -- never together with a quote
        -epoch_us(minute_trades.trade_known_at)::double as moment,
        minute_trades.underlying_price
    from {{ ref('int_options__trades') }} as minute_trades
    anti join quoted_beside_minutes using (session_date, {{ contract_key() }})
    where
        minute_trades.{{ lake_batch_dates() }}
        and minute_trades.has_trade_time
        and minute_trades.trade_price is not null
        and minute_trades.underlying_price > 0

),

-- both sides of strikes near the money
sides as not materialized (

    select
        quotes.*,
        1.0 as share_ratio
    from quotes
    inner join expected using (session_date, root, expiration)
    where
        abs(ln(quotes.strike / coalesce(expected.dividend_forward, quotes.strike)))
        <= {{ var('option_parity_reach') }}
    union all by name
    select
        trades.* exclude (underlying_price),
        expected.spot / trades.underlying_price as share_ratio
    from trades
    inner join expected using (session_date, root, expiration)
    where
        expected.spot > 0
        and abs(ln(trades.strike / coalesce(expected.dividend_forward, trades.strike)))
        <= {{ var('option_parity_reach') }}

),

paired as (

    select
        session_date,
        root,
        expiration,
        option_pairs(
            list(strike * share_ratio),
            list(if(option_type = 'C', 1.0, 0.0)),
            list(price * share_ratio),
            list(width),
            list(moment)
        ) as pairs
    from sides
    group by session_date, root, expiration

),

pairs as (

    select
        session_date,
        root,
        expiration,
        pairs.strikes as strikes,
        pairs.calls as calls,
        pairs.puts as puts,
        pairs.widths as widths,
        pairs.even_strike as even_strike
    from paired
    where len(pairs.strikes) > 0

),

first_look as (

    select
        expected.*,
        pairs.* exclude (session_date, root, expiration),
        parity_forward(
            pairs.strikes,
            pairs.calls,
            pairs.puts,
            pairs.widths,
            exp(-expected.rate * expected.t),
            coalesce(expected.dividend_forward, pairs.even_strike)
        ) as parity
    from expected
    left join pairs using (session_date, root, expiration)

),

-- without a curve, the slope of European pairs says at what rate the market discounts
implied_rates as (

    select
        session_date,
        underlying,
        list(t order by t, root) as times,
        list(-ln(parity.discount) / t order by t, root) as rates
    from first_look
    where
        exercise_style = 'european'
        and t * 365.0 >= 20.0
        and parity.pairs >= 16
        and abs(ln(parity.discount) / t) <= 0.2
    group by session_date, underlying

),

rated as (

    select
        first_look.*,
        if(
            first_look.rate_source = 'default',
            interpolate(implied_rates.times, implied_rates.rates, first_look.t),
            null
        ) as implied_rate
    from first_look
    left join implied_rates using (session_date, underlying)

),

agreed as (

    select
        * replace (
            coalesce(implied_rate, rate) as rate,
            if(implied_rate is null, rate_source, 'parity') as rate_source,
            dividend_forward * exp((coalesce(implied_rate, rate) - rate) * t) as dividend_forward,
            case
                when exercise_style = 'american' and {{ is_by_root }}
                    then american_parity_forward(
                        strikes,
                        calls,
                        puts,
                        widths,
                        spot,
                        t,
                        rate,
                        coalesce(dividend_forward, even_strike),
                        dividend_times,
                        dividend_amounts
                    )
                else parity_forward(
                    strikes,
                    calls,
                    puts,
                    widths,
                    exp(-coalesce(implied_rate, rate) * t),
                    coalesce(dividend_forward, even_strike)
                )
            end as parity
        ),
        parity.discount as parity_discount
    from rated

),

chosen as (

    select
        *,
        parity.forward as parity_forward,
        parity.dispersion as dispersion,
        coalesce(parity.pairs, 0)::integer as count_pairs,
        coalesce(
            parity.forward > 0 and parity.dispersion <= 0.005 * parity.forward, false
        ) as has_parity
    from agreed

)

select
    -- ids
    session_date,
    underlying,
    root,
    expiration,
    exercise_style,
    settlement,
    -- times
    as_of as known_at,
    settles_at,
    t,
    -- the market
    coalesce(spot, if(has_parity, parity_forward * exp(-rate * t) + dividends, null)) as spot,
    coalesce(spot_source, if(has_parity, 'parity', null)) as spot_source,
    rate,
    rate_source,
    count_dividends,
    dividends,
    dividend_times,
    dividend_amounts,
    -- the forward
    if(has_parity, parity_forward, dividend_forward) as forward,
    case
        when has_parity then 'parity'
        when dividend_forward is not null then 'dividends'
    end as forward_method,
    count_pairs,
    if(has_parity, dispersion, null) as dispersion,
    parity_discount,
    if(
        t > 0 and spot > dividends,
        ln(if(has_parity, parity_forward, dividend_forward) / (spot - dividends)) / t,
        null
    ) as carry,
    feed_role,
    count_contracts,
    case
        when t <= 0 then 'expired'
        when not has_parity and dividend_forward is null then 'no_underlying'
    end as reason
from chosen
