{{ config(
    materialized='lake_incremental',
    dataset='options',
    stamps_from='int_options__solved',
    uses_kernels=true,
) }}
-- The smile that an expiry's own prices draw: the out-of-the-money side, trusted by how much a
-- half spread moves the volatility.
with

points as not materialized (

    select
        session_date,
        underlying,
        root,
        expiration,
        t,
        ln(strike::double / forward) as k,
        iv,
        vega / greatest(
            0.5 * (ask - bid), if(price_source = 'quote_mid', 0.005, 0.01 + 0.025 * price)
        ) as weight
    from {{ ref('int_options__solved') }}
    where
        {{ lake_batch_dates() }}
        and iv is not null
        and t > 0
        and (option_type = 'C') = (strike::double >= forward)
        and abs(delta) >= 0.005
        and vega > 0

),

expiries as (

    select
        session_date,
        underlying,
        root,
        expiration,
        min(t) as t,
        count(*)::integer as count_points,
        min(k) as lowest_k,
        max(k) as highest_k,
        smile_fit(list(k), list(iv), list(weight), min(t)) as fit
    from points
    group by session_date, underlying, root, expiration

)

select
    session_date,
    underlying::varchar as underlying,
    root::varchar as root,
    expiration,
    t,
    count_points,
    lowest_k,
    highest_k,
    fit.a as a,
    fit.b as b,
    fit.rho as rho,
    fit.m as m,
    fit.s as s,
    fit.rmse as rmse,
    fit.worst as worst,
    fit.butterflies::integer as butterflies,
    fit.middle_k as middle_k,
    fit.middle_iv as middle_iv
from expiries
