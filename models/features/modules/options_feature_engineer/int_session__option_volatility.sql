{{ config(
    materialized='lake_incremental',
    dataset='options',
    stamps_from='iv_surface',
    uses_kernels=true,
) }}
-- What a session's chain says of volatility at constant maturities: a row per underlying. What adds
-- up over time (total variance and its slope, cumulants of the return, carry) is linear in time
-- between the two expiries around a maturity; nothing is extrapolated.
{% set tenors = [7, 30, 60] -%}
{% set linear = [
    'variance', 'slope', 'relative_spread', 'mf_variance', 'mf_up', 'mf_down', 'mf_cumulant_2',
    'mf_cumulant_3', 'mf_cumulant_4',
] -%}
with

surface as (

    select
        session_date,
        underlying,
        {% for tenor in [7, 14, 30, 45, 60, 90] -%}
        max(iv) filter (where tenor_days = {{ tenor }} and point = 'atm') as atm_{{ tenor }},
        {% endfor -%}
        {% for tenor in [7, 30, 60, 90] -%}
        max(iv) filter (where tenor_days = {{ tenor }} and point = '25p') as put25_{{ tenor }},
        max(iv) filter (where tenor_days = {{ tenor }} and point = '25c') as call25_{{ tenor }},
        {% endfor -%}
        max(iv) filter (where tenor_days = 30 and point = '10p') as put10_30,
        max(iv) filter (where tenor_days = 60 and point = '10p') as put10_60,
        max(iv) filter (where tenor_days = 30 and point = '10c') as call10_30
    from {{ ref('iv_surface') }}
    where {{ lake_batch_dates() }}
    group by session_date, underlying

),

-- as in iv_surface: where two roots share an expiration, the one with more points
smiles as (

    select
        *,
        {{ smile_variance('0.0', 'iv_smiles') }} as variance
    from {{ ref('iv_smiles') }}
    where {{ lake_batch_dates() }} and fit_source = 'own' and t > 0
    qualify row_number() over (
        partition by session_date, underlying, expiration order by count_points desc, root asc
    ) = 1

),

underlyings as (

    select distinct
        session_date,
        underlying
    from smiles

),

tenors as (

    select unnest({{ tenors }}) as tenor

),

grid as (

    select
        underlyings.session_date,
        underlyings.underlying,
        tenors.tenor,
        tenors.tenor / 365.0 as t
    from underlyings
    cross join tenors

),

bracketed as (

    select
        grid.*,
        below.expiration as near_expiration,
        above.expiration as far_expiration
    from grid
    asof inner join smiles as below
        on
            grid.session_date = below.session_date
            and grid.underlying = below.underlying
            and grid.t >= below.t
    asof inner join smiles as above
        on
            grid.session_date = above.session_date
            and grid.underlying = above.underlying
            and grid.t <= above.t

),

around as (

    select
        session_date,
        underlying,
        near_expiration as expiration
    from bracketed
    union
    select
        session_date,
        underlying,
        far_expiration as expiration
    from bracketed

),

wanted as (

    select smiles.*
    from smiles
    semi join around using (session_date, underlying, expiration)

),

chains as (

    select
        solved.session_date,
        solved.root,
        solved.expiration,
        solved.option_type,
        solved.strike,
        solved.bid,
        solved.ask,
        solved.quote_check,
        solved.iv,
        solved.delta,
        ln(solved.strike::double / solved.forward) as k
    from {{ ref('int_options__solved') }} as solved
    semi join wanted using (session_date, root, expiration)
    where solved.{{ lake_batch_dates() }} and solved.t > 0 and solved.forward > 0

),

-- farther out than the smile's points: far puts hold variance that a fit may leave out
integrated as (

    select
        chains.session_date,
        chains.root,
        chains.expiration,
        option_moments(
            list(chains.k order by chains.k), list(chains.iv order by chains.k), min(wanted.t)
        ) as distribution
    from chains
    inner join wanted using (session_date, root, expiration)
    where
        chains.iv is not null
        and (chains.option_type = 'C') = (chains.k >= 0)
        and abs(chains.delta) >= 0.001
    group by chains.session_date, chains.root, chains.expiration

),

moments as (

    select
        session_date,
        root,
        expiration,
        distribution.*
    from integrated

),

straddles as (

    select
        session_date,
        root,
        expiration,
        strike,
        min(abs(k)) as distance,
        max(ask) filter (where option_type = 'C') - max(bid) filter (where option_type = 'C')
        + max(ask) filter (where option_type = 'P') - max(bid) filter (where option_type = 'P')
            as spread,
        0.5 * (
            max(bid) filter (where option_type = 'C') + max(ask) filter (where option_type = 'C')
            + max(bid) filter (where option_type = 'P') + max(ask) filter (where option_type = 'P')
        ) as price
    from chains
    where quote_check in ('good', 'locked', 'wide')
    group by session_date, root, expiration, strike
    having count(distinct option_type) = 2

),

-- of the strike nearest to the forward that is quoted on both sides
spreads as (

    select
        session_date,
        root,
        expiration,
        min(distance) as distance,
        min_by(spread / price, struct_pack(distance := distance, strike := strike))
            as relative_spread
    from straddles
    group by session_date, root, expiration

),

nodes as (

    select
        wanted.session_date,
        wanted.underlying,
        wanted.expiration,
        wanted.t,
        wanted.variance,
        wanted.b * (wanted.rho - wanted.m / sqrt(pow(wanted.m, 2) + pow(wanted.s, 2))) as slope,
        if(spreads.distance <= sqrt(wanted.variance), spreads.relative_spread, null)
            as relative_spread,
        moments.* exclude (session_date, root, expiration)
    from wanted
    left join moments using (session_date, root, expiration)
    left join spreads using (session_date, root, expiration)

),

interpolated as (

    select
        bracketed.session_date,
        bracketed.underlying,
        bracketed.tenor,
        bracketed.t,
        if(far.t > near.t, (bracketed.t - near.t) / (far.t - near.t), 0.0) as far_share,
        {% for name in linear -%}
        near.{{ name }} + (far.{{ name }} - near.{{ name }}) * far_share as {{ name }},
        {% endfor -%}
    from bracketed
    inner join nodes as near
        on
            bracketed.session_date = near.session_date
            and bracketed.underlying = near.underlying
            and bracketed.near_expiration = near.expiration
    inner join nodes as far
        on
            bracketed.session_date = far.session_date
            and bracketed.underlying = far.underlying
            and bracketed.far_expiration = far.expiration

),

read_off as (

    select
        *,
        slope / (2.0 * sqrt(variance)) as skew_slope,
        sqrt(mf_variance / t) as mf_iv,
        sqrt(mf_up / t) as mf_up_iv,
        sqrt(mf_down / t) as mf_down_iv,
        mf_cumulant_3 / pow(mf_cumulant_2, 1.5) as mf_skew,
        3.0 + mf_cumulant_4 / pow(mf_cumulant_2, 2) as mf_kurt
    from interpolated

),

maturities as (

    select
        session_date,
        underlying,
        {% for tenor in tenors -%}
        max(skew_slope) filter (where tenor = {{ tenor }}) as skew_slope_{{ tenor }},
        max(relative_spread) filter (where tenor = {{ tenor }}) as spread_{{ tenor }},
        {% endfor -%}
        max(mf_iv) filter (where tenor = 30) as mf_iv_30,
        max(mf_iv) filter (where tenor = 60) as mf_iv_60,
        max(mf_up_iv) filter (where tenor = 30) as mf_up_30,
        max(mf_down_iv) filter (where tenor = 30) as mf_down_30,
        max(mf_skew) filter (where tenor = 30) as mf_skew_30,
        max(mf_kurt) filter (where tenor = 30) as mf_kurt_30
    from read_off
    group by session_date, underlying

),

-- the variance that each expiry adds to the one before it
steps as (

    select
        session_date,
        underlying,
        t - coalesce(lag(t) over chain, 0.0) as span,
        variance - coalesce(lag(variance) over chain, 0.0) as gain
    from smiles
    where t <= 45.0 / 365.0
    window chain as (partition by session_date, underlying order by t)

),

usual as (

    select
        session_date,
        underlying,
        median(gain / span) as pace
    from steps
    group by session_date, underlying
    having count(*) >= 3

),

events as (

    select
        steps.session_date,
        steps.underlying,
        sqrt(greatest(max(steps.gain - usual.pace * steps.span), 0.0)) as event_move
    from steps
    inner join usual using (session_date, underlying)
    group by steps.session_date, steps.underlying

),

forwards as (

    select
        *,
        (carry - rate) * t as growth
    from {{ ref('option_forwards') }}
    where {{ lake_batch_dates() }} and t > 0

),

pairs as (

    select *
    from forwards
    where forward_method = 'parity' and growth is not null
    qualify row_number() over (
        partition by session_date, underlying, expiration order by count_pairs desc, root asc
    ) = 1

),

carries as (

    select
        grid.session_date,
        grid.underlying,
        (
            below.growth + (above.growth - below.growth)
            * if(above.t > below.t, (grid.t - below.t) / (above.t - below.t), 0.0)
        ) / grid.t as carry_30
    from grid
    asof inner join pairs as below
        on
            grid.session_date = below.session_date
            and grid.underlying = below.underlying
            and grid.t >= below.t
    asof inner join pairs as above
        on
            grid.session_date = above.session_date
            and grid.underlying = above.underlying
            and grid.t <= above.t
    where grid.tenor = 30

),

sessions as (

    select
        session_date,
        underlying,
        max(known_at) as known_at,
        min(spot) as spot
    from forwards
    group by session_date, underlying

)

select
    -- ids
    sessions.session_date,
    sessions.underlying,
    -- times
    sessions.known_at,
    -- numerics
    sessions.spot,
    surface.* exclude (session_date, underlying),
    maturities.* exclude (session_date, underlying),
    events.event_move,
    carries.carry_30
from sessions
left join surface using (session_date, underlying)
left join maturities using (session_date, underlying)
left join events using (session_date, underlying)
left join carries using (session_date, underlying)
