{{ config(
    materialized='lake_incremental',
    dataset='options',
    stamps_from='iv_smiles',
    uses_kernels=true,
    meta={'publish': 'parts'},
) }}
-- Implied volatility at constant maturities and deltas. Each expiry's smile is read at the delta;
-- between expiries total variance is linear in time. Nothing is extrapolated: beyond the
-- expiries, or beyond the strikes that drew a smile, the value is NULL with a reason.
with

points as (

    select
        listed.point,
        listed.option_type,
        listed.delta::double as delta,
        listed.call_delta::double as call_delta
    from (
        values
        ('10p', 'P', -0.10, 0.90),
        ('16p', 'P', -0.16, 0.84),
        ('25p', 'P', -0.25, 0.75),
        ('35p', 'P', -0.35, 0.65),
        ('atm', null, null, null),
        ('35c', 'C', 0.35, 0.35),
        ('25c', 'C', 0.25, 0.25),
        ('16c', 'C', 0.16, 0.16),
        ('10c', 'C', 0.10, 0.10)
    ) as listed (point, option_type, delta, call_delta)

),

tenors as (

    select unnest([7, 14, 21, 30, 45, 60, 90, 180]) as tenor_days

),

-- where two roots share an expiration, the one with more points
smiles as (

    select *
    from {{ ref('iv_smiles') }}
    where {{ lake_batch_dates() }} and fit_source = 'own'
    qualify row_number() over (
        partition by session_date, underlying, expiration order by count_points desc, root asc
    ) = 1

),

read_at as (

    select
        smiles.*,
        points.point,
        points.option_type,
        points.delta,
        if(
            points.point = 'atm',
            0.0,
            smile_at_delta(
                smiles.a, smiles.b, smiles.rho, smiles.m, smiles.s, smiles.t, points.call_delta
            )
        ) as k
    from smiles
    cross join points

),

nodes as (

    select
        session_date,
        underlying,
        known_at,
        expiration,
        point,
        t,
        if(k between lowest_k and highest_k, {{ smile_variance('k', 'read_at') }}, null) as w,
        if(k between lowest_k and highest_k, k, null) as k
    from read_at

),

grid as (

    select
        chains.session_date,
        chains.underlying,
        chains.known_at,
        tenors.tenor_days,
        points.point,
        points.option_type,
        points.delta,
        tenors.tenor_days / 365.0 as t
    from (
        select
            session_date,
            underlying,
            min(known_at) as known_at
        from {{ ref('iv_smiles') }}
        where {{ lake_batch_dates() }}
        group by session_date, underlying
    ) as chains
    cross join tenors
    cross join points

),

bracketed as (

    select
        grid.*,
        below.expiration as near_expiration,
        above.expiration as far_expiration,
        below.t as near_t,
        above.t as far_t,
        below.w as near_w,
        above.w as far_w,
        below.k as near_k,
        above.k as far_k,
        if(above.t > below.t, (grid.t - below.t) / (above.t - below.t), 0.0) as far_share
    from grid
    asof left join nodes as below
        on
            grid.session_date = below.session_date
            and grid.underlying = below.underlying
            and grid.point = below.point
            and grid.t >= below.t
    asof left join nodes as above
        on
            grid.session_date = above.session_date
            and grid.underlying = above.underlying
            and grid.point = above.point
            and grid.t <= above.t

)

select
    -- ids
    session_date,
    underlying,
    tenor_days,
    point,
    option_type,
    delta,
    -- times
    known_at,
    near_expiration,
    far_expiration,
    -- the surface
    sqrt((near_w + (far_w - near_w) * far_share) / t) as iv,
    exp(near_k + (far_k - near_k) * far_share) as moneyness,
    case
        when near_expiration is null then 'before_first_expiry'
        when far_expiration is null then 'after_last_expiry'
        when near_w is null or far_w is null then 'beyond_strikes'
    end as reason
from bracketed
