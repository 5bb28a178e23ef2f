{{ config(
    materialized='lake_incremental',
    dataset='options',
    stamps_from='int_options__filled',
    meta={'publish': 'table'},
) }}
-- depends_on: {{ ref('iv_smiles') }}, {{ ref('option_forwards') }}
-- Counts by check and reason, per underlying and session. Arbitrage is counted where it could be
-- traded: bought at the ask and sold at the bid, or at the only price where there is no quote;
-- quotes are compared with quotes, and trades, of other moments, with trades.
with

contracts as (

    select
        solved.*,
        solved.quote_check = 'no_quote' as is_trade,
        if(is_trade, solved.price, if(solved.ask > 0, solved.ask, null)) as buys_at,
        if(is_trade, solved.price, solved.bid) as sells_at
    from {{ ref('int_options__solved') }} as solved
    where {{ lake_batch_dates() }}

),

neighbours as (

    select
        session_date,
        underlying,
        option_type,
        strike::double as strike,
        buys_at,
        sells_at,
        lead(strike::double) over by_strike as next_strike,
        lead(buys_at) over by_strike as next_buys_at,
        lead(sells_at) over by_strike as next_sells_at,
        lag(strike::double) over by_strike as last_strike,
        lag(buys_at) over by_strike as last_buys_at
    from contracts
    where buys_at is not null and quote_check != 'crossed'
    window by_strike as (
        partition by session_date, root, expiration, option_type, is_trade order by strike
    )

),

arbitrages as (

    select
        session_date,
        underlying,
        count(*) filter (
            where if(option_type = 'C', next_sells_at - buys_at, sells_at - next_buys_at) > 1e-9
        ) as monotone,
        count(*) filter (
            where
            if(option_type = 'C', sells_at - next_buys_at, next_sells_at - buys_at)
            > next_strike - strike + 1e-9
        ) as slope,
        count(*) filter (
            where
            sells_at > 1e-9 + (
                last_buys_at * (next_strike - strike) + next_buys_at * (strike - last_strike)
            ) / (next_strike - last_strike)
        ) as butterfly
    from neighbours
    group by session_date, underlying

),

pairs as (

    select
        calls.session_date,
        calls.underlying,
        forwards.exercise_style = 'european' as is_european,
        calls.sells_at - puts.buys_at as at_most,
        calls.buys_at - puts.sells_at as at_least,
        exp(-forwards.rate * forwards.t) * (forwards.forward - calls.strike::double) as parity,
        -- the share without what it pays until expiry, as announced or as the forward has it
        greatest(forwards.spot, forwards.forward * exp(-forwards.rate * forwards.t))
        - calls.strike::double * exp(-forwards.rate * forwards.t) as upper,
        -- dividends that are not announced yet show in the forward
        least(
            forwards.spot - forwards.dividends,
            forwards.forward * exp(-forwards.rate * forwards.t)
        ) - calls.strike::double as lower
    from contracts as calls
    inner join contracts as puts
        on
            calls.session_date = puts.session_date
            and calls.root = puts.root
            and calls.expiration = puts.expiration
            and calls.strike = puts.strike
    inner join {{ ref('option_forwards') }} as forwards
        on
            calls.session_date = forwards.session_date
            and calls.root = forwards.root
            and calls.expiration = forwards.expiration
    where
        calls.option_type = 'C'
        and puts.option_type = 'P'
        and calls.quote_check in ('good', 'wide', 'locked')
        and puts.quote_check in ('good', 'wide', 'locked')

),

parities as (

    select
        session_date,
        underlying,
        count(*) filter (
            where
            if(
                is_european,
                at_most > parity + 1e-9 or at_least < parity - 1e-9,
                at_most > upper + 1e-9 or at_least < lower - 1e-9
            )
        ) as parity
    from pairs
    group by session_date, underlying

),

smiles as (

    select
        *,
        lag(t) over by_expiry as last_t,
        lag(rmse) over by_expiry as last_rmse,
        lag(atm_iv) over by_expiry as last_iv,
        lag(struct_pack(a := a, b := b, rho := rho, m := m, s := s)) over by_expiry as last_smile
    from {{ ref('iv_smiles') }}
    where {{ lake_batch_dates() }} and fit_source = 'own'
    window by_expiry as (partition by session_date, underlying order by t, root)

),

places as (

    select unnest([-1.0, -0.5, 0.0, 0.5, 1.0]) as place

),

calendars as (

    select
        session_date,
        underlying,
        count(*) filter (
            where
            {{ smile_variance('place * atm_iv * sqrt(t)', 'last_smile') }}
            - {{ smile_variance('place * atm_iv * sqrt(t)', 'smiles') }}
            > 4.0 * (atm_iv * t * rmse + last_iv * last_t * last_rmse)
        ) as calendar
    from smiles
    cross join places
    where last_t is not null
    group by session_date, underlying

),

fits as (

    select
        session_date,
        underlying,
        fit_source as code,
        count(*) as count_rows
    from {{ ref('iv_smiles') }}
    where {{ lake_batch_dates() }}
    group by session_date, underlying, fit_source

),

marks as (

    select
        session_date,
        underlying,
        is_observed,
        mark_source,
        reason,
        count(*) as count_rows
    from (
        select
            session_date,
            underlying,
            true as is_observed,
            price_source as mark_source,
            reason
        from contracts
        where is_marked
        union all
        select
            session_date,
            underlying,
            is_observed,
            mark_source,
            reason
        from {{ ref('int_options__filled') }}
        where {{ lake_batch_dates() }}
    )
    group by session_date, underlying, is_observed, mark_source, reason

),

counted as (

    select
        session_date,
        underlying,
        'quote' as kind,
        quote_check as code,
        count(*) as count_rows
    from contracts
    group by session_date, underlying, quote_check
    union all
    select
        session_date,
        underlying,
        'volatility' as kind,
        coalesce(if(iv is null, reason, if(iv between 0.01 and 3.0, 'solved', 'iv_range')), 'none')
            as code,
        count(*) as count_rows
    from contracts
    group by all
    union all
    select
        session_date,
        underlying,
        'mark' as kind,
        if(is_observed, '', 'unobserved_') || coalesce(mark_source, 'none') as code,
        sum(count_rows)::bigint as count_rows
    from marks
    group by all
    {%- for code in [
        "'rate_' || rate_source",
        "'spot_' || coalesce(spot_source, 'none')",
        "'forward_' || coalesce(forward_method, 'none')",
        "if(count_dividends = 0, 'dividends_none', 'dividends_announced')",
    ] %}
    union all
    select
        session_date,
        underlying,
        'input' as kind,
        {{ code }} as code,
        count(*) as count_rows
    from {{ ref('option_forwards') }}
    where {{ lake_batch_dates() }}
    group by all
    {%- endfor %}
    union all
    select
        session_date,
        underlying,
        'smile' as kind,
        code,
        count_rows
    from fits
    {%- for relation, code in [
        ('arbitrages', 'monotone'),
        ('arbitrages', 'slope'),
        ('arbitrages', 'butterfly'),
        ('parities', 'parity'),
        ('calendars', 'calendar'),
    ] %}
    union all
    select
        session_date,
        underlying,
        'arbitrage' as kind,
        '{{ code }}' as code,
        {{ code }} as count_rows
    from {{ relation }}
    {%- endfor %}

)

select
    session_date,
    underlying,
    kind,
    code,
    count_rows::integer as count_rows
from counted
