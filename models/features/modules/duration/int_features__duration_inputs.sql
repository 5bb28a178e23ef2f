{{ config(materialized='view') }}
-- What the kernels of `duration` read: the panel, each session's durations, and the ACD
-- parameters in force in its quarter.
select
    bars.*,
    fits.omega as acd_omega,
    fits.alpha as acd_alpha,
    fits.beta as acd_beta
from {{ ref('int_features__duration_bars') }} as bars
left join {{ ref('int_features__acd_fits') }} as fits
    on
        bars.symbol = fits.symbol
        and date_trunc('quarter', bars.session_date) = fits.quarter_start
