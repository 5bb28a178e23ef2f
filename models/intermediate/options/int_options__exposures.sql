{{ config(
    materialized='lake_incremental',
    dataset='options',
    stamps_from='int_options__filled',
    uses_kernels=true,
) }}
-- depends_on: {{ ref('int_options__filled') }}
-- What the makers of each chain's market hold, in dollars: a function of its contracts at once.
-- Open interest was published before the session opened; a contract that has none, or no Greeks,
-- is counted under its reason.
with

sessions as (

    select
        sessions.session_date,
        after_it.open_at as next_open_at,
        after_it.next_monthly_expiration
    from {{ ref('dim_sessions') }} as sessions
    left join {{ ref('dim_sessions') }} as after_it
        on sessions.next_session = after_it.session_date

),

spots as (

    select
        session_date,
        underlying,
        min_by(spot, struct_pack(expiration := expiration, root := root)) as spot
    from {{ ref('option_forwards') }}
    where {{ lake_batch_dates() }} and spot > 0
    group by session_date, underlying

),

contracts as not materialized (

    select
        marks.session_date,
        marks.underlying,
        marks.known_at,
        struct_pack(
            is_call := (marks.option_type = 'C')::double,
            strike := marks.strike::double,
            t := marks.t,
            iv := marks.iv,
            carry := marks.forward / marks.spot,
            rate := marks.rate,
            days := (marks.expiration - marks.session_date)::double,
            is_opex := (marks.expiration = sessions.next_monthly_expiration)::double,
            open_interest := marks.open_interest,
            spot := marks.spot,
            gamma := marks.gamma,
            delta := marks.delta,
            vanna := marks.vanna,
            charm := marks.charm,
            signed_volume := sides.signed_volume
        ) as contract,
        coalesce(marks.spot > 0 and spots.spot > 0, false) as has_spot,
        coalesce(
            marks.t > 0
            and marks.iv > 0
            and marks.forward > 0
            and isfinite(marks.gamma + marks.delta + marks.vanna + marks.charm + marks.rate),
            false
        ) as has_greeks,
        case
            when marks.open_interest is null and not marks.is_observed then 'unobserved'
            when marks.open_interest is null then 'no_open_interest'
            when marks.t <= 0 then 'expired'
            when not has_spot then 'no_underlying'
            when not has_greeks then 'no_volatility'
            when marks.known_at >= sessions.next_open_at then 'known_too_late'
        end as reason
    from {{ ref('option_marks') }} as marks
    inner join sessions on marks.session_date = sessions.session_date
    left join spots
        on
            marks.session_date = spots.session_date
            and marks.underlying = spots.underlying
    left join {{ ref('int_options__trade_sides') }} as sides
        on
            marks.session_date = sides.session_date
            and marks.root = sides.root
            and marks.expiration = sides.expiration
            and marks.strike = sides.strike
            and marks.option_type = sides.option_type
    where marks.{{ lake_batch_dates() }}

),

chains as (

    select
        session_date,
        underlying,
        -- of all contracts, counted ones too; and of those that the numbers are of
        max(known_at) as known_at,
        max(known_at) filter (where reason is null) as used_known_at,
        list(contract) filter (where reason is null) as contracts,
        count(reason)::integer as left_out,
        (count(*) filter (where reason = 'unobserved'))::integer as left_out_unobserved,
        (count(*) filter (where reason = 'no_open_interest'))::integer as left_out_no_open_interest,
        (count(*) filter (where reason = 'expired'))::integer as left_out_expired,
        (count(*) filter (where reason = 'no_underlying'))::integer as left_out_no_underlying,
        (count(*) filter (where reason = 'no_volatility'))::integer as left_out_no_volatility,
        (count(*) filter (where reason = 'known_too_late'))::integer as left_out_known_too_late
    from contracts
    group by session_date, underlying

),

computed as (

    select
        chains.* exclude (contracts),
        spots.spot,
        chain_exposures(
            chains.contracts, spots.spot, {{ gex_sign('C') }}, {{ gex_sign('P') }}
        ) as exposure
    from chains
    left join spots using (session_date, underlying)

)

select
    session_date,
    underlying,
    known_at,
    used_known_at,
    spot,
    '{{ var("gex_sign_convention") }}' as sign_convention,
    left_out,
    left_out_unobserved,
    left_out_no_open_interest,
    left_out_expired,
    left_out_no_underlying,
    left_out_no_volatility,
    left_out_known_too_late,
    exposure.contracts as contracts,
    exposure.net as net,
    exposure.calls as calls,
    exposure.puts as puts,
    exposure.tilt as tilt,
    exposure.within_7 as within_7,
    exposure.within_30 as within_30,
    exposure.opex as opex,
    exposure.delta as delta,
    exposure.vanna as vanna,
    exposure.charm as charm,
    exposure.hedge_up as hedge_up,
    exposure.hedge_down as hedge_down,
    exposure.iv as iv,
    exposure.pinned as pinned,
    exposure.flow as flow,
    exposure.call_wall as call_wall,
    exposure.put_wall as put_wall,
    exposure.pin_strike as pin_strike,
    exposure.concentration as concentration,
    exposure.flip as flip,
    exposure.flat_width as flat_width,
    exposure.strikes as strikes,
    exposure.curve as curve
from computed
