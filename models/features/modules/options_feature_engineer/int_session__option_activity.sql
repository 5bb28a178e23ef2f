{{ config(
    materialized='lake_incremental',
    dataset='options',
    stamps_from='int_options__filled',
) }}
-- depends_on: {{ ref('int_options__filled') }}
-- What was traded in a session's options and what stood open before it: a row per underlying. Open
-- interest in a session's files is that of the night before. Sums run over decimals.
{% set known = {
    'volume': 'count(volume) > 0',
    'oi': 'count(open_interest) > 0',
} -%}
with

sides as (

    select *
    from {{ ref('int_options__trade_sides') }}
    where {{ lake_batch_dates() }}

),

contracts as (

    select
        marks.session_date,
        marks.underlying,
        marks.known_at,
        marks.expiration - marks.session_date as days_left,
        marks.strike::double as strike,
        marks.option_type,
        marks.option_type = 'P' and marks.strike < marks.forward as is_otm_put,
        sides.signed_volume * marks.delta * marks.spot * 100.0 as dollar_delta,
        marks.volume::decimal(18, 3) as volume,
        -- what expires in the session is gone after it
        if(marks.expiration > marks.session_date, marks.open_interest::decimal(18, 3), null)
            as open_interest
    from {{ ref('option_marks') }} as marks
    left join sides
        on
            marks.session_date = sides.session_date
            and marks.root = sides.root
            and marks.expiration = sides.expiration
            and marks.strike = sides.strike
            and marks.option_type = sides.option_type
    where marks.{{ lake_batch_dates() }} and marks.is_observed

),

spots as (

    select
        session_date,
        underlying,
        min(spot) as spot
    from {{ ref('option_forwards') }}
    where {{ lake_batch_dates() }}
    group by session_date, underlying

),

strikes as (

    select
        session_date,
        underlying,
        strike,
        sum(open_interest) as oi,
        coalesce(sum(open_interest) filter (where days_left <= 30), 0) as near_oi,
        coalesce(sum(open_interest) filter (where days_left <= 30 and option_type = 'P'), 0)
            as near_put_oi
    from contracts
    group by session_date, underlying, strike

),

-- holders get least at the lowest strike with as much open interest up to it as there is in puts:
-- the slope of what they get is the calls' below less the puts' above
summed as (

    select
        *,
        sum(near_oi) over (
            partition by session_date, underlying
            order by strike
            rows between unbounded preceding and current row
        ) as near_oi_up_to,
        sum(near_put_oi) over (partition by session_date, underlying) as near_puts,
        sum(near_oi) over (partition by session_date, underlying) as near_total
    from strikes

),

positions as (

    select
        summed.session_date,
        summed.underlying,
        list_sum(
            list(summed.oi::double * ln(summed.strike / spots.spot) order by summed.strike)
            filter (where summed.oi > 0)
        ) / nullif(sum(summed.oi)::double, 0) as oi_center,
        ln(
            min(summed.strike) filter (
                where
                summed.near_oi_up_to >= summed.near_puts
                and summed.near_puts > 0
                and summed.near_total > summed.near_puts
            ) / min(spots.spot)
        ) as max_pain
    from summed
    inner join spots using (session_date, underlying)
    where summed.strike > 0 and spots.spot > 0
    group by summed.session_date, summed.underlying

),

traded as (

    select
        session_date,
        underlying,
        max(known_at) as known_at,
        {% for name, condition in {
            'option_volume': 'true',
            'put_volume': "option_type = 'P'",
            'call_volume': "option_type = 'C'",
            'short_volume': 'days_left <= 7',
            'otm_put_volume': 'is_otm_put',
        }.items() -%}
        if(
            {{ known.volume }}, coalesce(sum(volume) filter (where {{ condition }}), 0), null
        )::double as {{ name }},
        {% endfor -%}
        {% for name, condition in {
            'option_oi': 'true',
            'put_oi': "option_type = 'P'",
            'call_oi': "option_type = 'C'",
        }.items() -%}
        if(
            {{ known.oi }}, coalesce(sum(open_interest) filter (where {{ condition }}), 0), null
        )::double as {{ name }},
        {% endfor -%}
        sum(dollar_delta::decimal(38, 3))::double as dollar_delta
    from contracts
    group by session_date, underlying

)

select
    -- ids
    traded.session_date,
    traded.underlying,
    -- times: volumes are those of the whole session
    greatest(traded.known_at, sessions.close_at) as known_at,
    -- numerics
    traded.option_volume,
    traded.put_volume,
    traded.call_volume,
    traded.short_volume,
    traded.otm_put_volume,
    traded.option_oi,
    traded.put_oi,
    traded.call_oi,
    traded.dollar_delta,
    positions.oi_center,
    positions.max_pain
from traded
inner join {{ ref('dim_sessions') }} as sessions using (session_date)
left join positions using (session_date, underlying)
