{{ config(
    materialized='lake_incremental',
    dataset='options',
    stamps_from='int_options__smile_fits',
    window=30,
    meta={'publish': 'parts'},
) }}
-- depends_on: {{ ref('int_options__feeds') }}
-- The smile of every expiry that has a contract alive: its own fit; else the shape it had on an
-- earlier session; else its neighbours of this session, in total variance. Expiries without a row
-- in the session's files are here as well, while they were seen within the last 30 sessions.
with

sessions as (

    select
        session_date,
        session_index
    from {{ ref('dim_sessions') }}

),

forwards as (

    select
        forwards.*,
        sessions.session_index,
        lead(sessions.session_index) over (
            partition by forwards.root, forwards.expiration order by sessions.session_index
        ) as next_index
    from {{ ref('option_forwards') }} as forwards
    inner join sessions using (session_date)
    where forwards.{{ option_window_dates() }}

),

chains as (

    select
        session_date,
        session_index,
        root,
        underlying,
        min(known_at) as known_at,
        min(spot) as spot
    from forwards
    group by session_date, session_index, root, underlying

),

observed as (

    select
        session_date,
        session_index,
        underlying,
        root,
        expiration,
        true as is_observed,
        known_at,
        settles_at,
        t,
        spot,
        forward,
        rate
    from forwards

),

unobserved as (

    select
        chains.session_date,
        chains.session_index,
        seen.underlying,
        seen.root,
        seen.expiration,
        false as is_observed,
        chains.known_at,
        seen.settles_at,
        (epoch(seen.settles_at) - epoch(chains.known_at)) / {{ year_seconds() }} as t,
        chains.spot
    from forwards as seen
    inner join chains
        on
            seen.root = chains.root
            and seen.underlying = chains.underlying
            and seen.session_index < chains.session_index
            and chains.session_index <= seen.session_index + {{ option_window() }}
            and chains.session_index < coalesce(seen.next_index, 1000000)
    where
        seen.next_index is distinct from seen.session_index + 1
        and epoch(seen.settles_at) > epoch(chains.known_at)

),

carries as (

    select
        session_date,
        root,
        expiration,
        t,
        ln(forward / spot) as growth,
        rate
    from forwards
    where t > 0 and forward > 0 and spot > 0

),

-- the forward's growth is linear in time between the expiries that were seen, and goes on from the
-- nearest one as steep as it came
carried as (

    select
        unobserved.*,
        unobserved.spot * exp(case
            when below.t < above.t
                then
                    below.growth
                    + (above.growth - below.growth) * (unobserved.t - below.t)
                    / (above.t - below.t)
            else coalesce(below.growth / below.t, above.growth / above.t) * unobserved.t
        end) as forward,
        coalesce(below.rate, above.rate) as rate
    from unobserved
    asof left join carries as below
        on
            unobserved.session_date = below.session_date
            and unobserved.root = below.root
            and unobserved.expiration >= below.expiration
    asof left join carries as above
        on
            unobserved.session_date = above.session_date
            and unobserved.root = above.root
            and unobserved.expiration <= above.expiration

),

expiries as (

    select * from observed
    union all by name
    select * from carried

),

fits as (

    select
        fits.*,
        sessions.session_index,
        forwards.known_at,
        if(fits.a is null, null, greatest(
            fits.a + fits.b * (sqrt(pow(fits.m, 2) + pow(fits.s, 2)) - fits.rho * fits.m), 0.0
        )) as atm_variance
    from {{ ref('int_options__smile_fits') }} as fits
    inner join sessions using (session_date)
    inner join forwards using (session_date, root, expiration)
    where fits.{{ option_window_dates() }}

),

usable as (

    select * from fits
    where a is not null and atm_variance > 0

),

-- by expiration within an underlying; roots of one expiration differ by hours
matched as (

    select
        expiries.*,
        fits.count_points,
        fits.rmse,
        fits.worst,
        fits.butterflies,
        fits.lowest_k,
        fits.highest_k,
        fits.middle_k,
        fits.middle_iv,
        {{ smile_shape('own') }} as own_shape,
        {{ smile_shape('earlier') }} as earlier_shape,
        {{ smile_shape('below') }} as below_shape,
        {{ smile_shape('above') }} as above_shape
    from expiries
    left join fits
        on
            expiries.session_date = fits.session_date
            and expiries.root = fits.root
            and expiries.expiration = fits.expiration
    left join usable as own
        on
            expiries.session_date = own.session_date
            and expiries.root = own.root
            and expiries.expiration = own.expiration
    asof left join usable as earlier
        on
            expiries.root = earlier.root
            and expiries.expiration = earlier.expiration
            and expiries.session_index > earlier.session_index
    asof left join usable as below
        on
            expiries.session_date = below.session_date
            and expiries.root = below.root
            and expiries.expiration > below.expiration
    asof left join usable as above
        on
            expiries.session_date = above.session_date
            and expiries.root = above.root
            and expiries.expiration < above.expiration

),

-- between expiries total variance at the money is linear in time, beyond them volatility is flat;
-- the shape is that of the nearer expiry
sourced as (

    select
        *,
        case
            when own_shape is not null then 'own'
            when
                earlier_shape is not null and session_index - earlier_shape.session_index <= 5
                then 'earlier'
            when below_shape is not null and above_shape is not null then 'interpolated'
            when below_shape is not null or above_shape is not null then 'nearest'
            when middle_iv > 0 then 'flat'
            else 'none'
        end as fit_source,
        below_shape.w + (above_shape.w - below_shape.w)
        * (t - below_shape.t) / (above_shape.t - below_shape.t) as between_variance,
        coalesce(t - below_shape.t <= above_shape.t - t, below_shape is not null)
            as is_below_nearer
    from matched

),

shaped as (

    select
        *,
        case fit_source
            when 'own' then 1.0
            when 'earlier' then coalesce(between_variance / earlier_shape.w, t / earlier_shape.t)
            when 'nearest' then t / coalesce(below_shape.t, above_shape.t)
            when 'flat' then 1.0
            when 'interpolated'
                then between_variance / if(is_below_nearer, below_shape.w, above_shape.w)
        end as scale,
        case
            when fit_source = 'own' then own_shape
            when fit_source = 'earlier' then earlier_shape
            when fit_source = 'flat'
                then struct_pack(
                    a := pow(middle_iv, 2) * t,
                    b := 0.0::double,
                    rho := 0.0::double,
                    m := 0.0::double,
                    s := 1.0::double,
                    t := t,
                    w := pow(middle_iv, 2) * t,
                    known_at := known_at,
                    session_index := session_index
                )
            when fit_source != 'none' then if(is_below_nearer, below_shape, above_shape)
        end as shape
    from sourced

),

-- a borrowed shape goes through the middle of the few points that there are
levelled as (

    select
        *,
        shape.a as a,
        shape.b as b,
        shape.rho as rho,
        shape.m as m,
        shape.s as s
    from shaped

),

anchored as (

    select
        *,
        case
            when fit_source in ('earlier', 'interpolated', 'nearest') and middle_iv > 0
                then coalesce(
                    pow(middle_iv, 2) * t
                    / nullif({{ smile_variance('levelled.middle_k', 'levelled') }}, 0.0),
                    scale
                )
            else scale
        end as multiplier
    from levelled

),

smiles as (

    select * replace (a * multiplier as a, b * multiplier as b)
    from anchored

)

select
    -- ids
    session_date,
    underlying,
    root,
    expiration,
    is_observed,
    -- times
    known_at,
    settles_at,
    t,
    -- the market
    spot,
    forward,
    rate,
    -- the smile: total variance of log moneyness
    a,
    b,
    rho,
    m,
    s,
    fit_source,
    case
        when fit_source = 'earlier' then epoch(known_at) - epoch(earlier_shape.known_at)
        when fit_source != 'none' then 0.0
    end as fit_age,
    -- what it says
    if(t > 0, sqrt({{ smile_variance('0.0', 'smiles') }} / t), null) as atm_iv,
    if(
        t > 0 and {{ smile_variance('0.0', 'smiles') }} > 0,
        b * (rho - m / sqrt(pow(m, 2) + pow(s, 2)))
        / (2.0 * sqrt({{ smile_variance('0.0', 'smiles') }} * t)),
        null
    ) as atm_skew,
    -- how good it is
    coalesce(count_points, 0) as count_points,
    lowest_k,
    highest_k,
    rmse,
    worst,
    butterflies,
    case when fit_source = 'none' then 'too_few_points' end as reason
from smiles
where {{ lake_batch_dates() }}
