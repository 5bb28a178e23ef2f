{{ config(meta={'publish': 'table'}) }}
-- The regime of each symbol as it was known before session_date opened: lagged once, as
-- features_daily is, with the extra row for the next session. Labels are the features' flags under
-- the seed's names.
with

names as (

    select distinct
        regime_family,
        code,
        name
    from {{ ref('regime_definitions') }}

),

lagged as (

    select
        panel.symbol,
        sessions.next_session as session_date,
        panel.session_date as as_of_session,
        panel.known_at
    from {{ ref('int_bars__panel') }} as panel
    inner join {{ ref('dim_sessions') }} as sessions using (session_date)

),

fits as (

    select
        symbol,
        quarter_start,
        max(fit_as_of) as fit_as_of
    from {{ ref('int_features__hmm_fits') }}
    where model = 'hmm3'
    group by symbol, quarter_start

),

labelled as (

    select
        lagged.symbol,
        lagged.session_date,
        lagged.as_of_session,
        greatest(lagged.known_at, features.known_at) as known_at,
        case
            when features.reg_vix_pause = 1 then 'PAUSE'
            when features.reg_vix_suboptimal = 1 then 'SUBOPTIMAL'
            when features.reg_vix_optimal = 1 then 'OPTIMAL'
        end as vix_regime,
        features.reg_vix_days::integer as vix_bars,
        case
            when features.reg_trend_strong_down = 1 then 'STRONG_DOWN'
            when features.reg_trend_down = 1 then 'DOWN'
            when features.reg_trend_neutral = 1 then 'NEUTRAL'
            when features.reg_trend_up = 1 then 'UP'
            when features.reg_trend_strong_up = 1 then 'STRONG_UP'
        end as trend,
        features.reg_trend_days::integer as trend_bars,
        features.reg_trend_score as trend_score,
        case
            when features.reg_combo_upcalm = 1 then 'up_calm'
            when features.reg_combo_upwild = 1 then 'up_wild'
            when features.reg_combo_dncalm = 1 then 'down_calm'
            when features.reg_combo_dnwild = 1 then 'down_wild'
        end as combined_regime,
        features.reg_combo_days::integer as combined_bars,
        features.reg_hmm_p_low as p_low,
        case
            when features.reg_hmm_p_low is not null
                then greatest(1 - features.reg_hmm_p_low - features.reg_hmm_p_high, 0)
        end as p_mid,
        features.reg_hmm_p_high as p_high,
        features.reg_hmm_entropy as hmm_entropy
    from lagged
    left join {{ ref('feat_regime') }} as features
        on
            lagged.symbol = features.symbol
            and lagged.as_of_session = features.session_date

)

select
    -- ids
    labelled.symbol,
    labelled.session_date,
    -- rules
    labelled.vix_regime,
    labelled.vix_bars,
    labelled.trend,
    labelled.trend_score,
    labelled.trend_bars,
    combined.code as combined_code,
    labelled.combined_regime,
    labelled.combined_bars,
    -- hidden Markov model
    labelled.p_low,
    labelled.p_mid,
    labelled.p_high,
    case
        when labelled.p_low is null then null
        when labelled.p_low >= greatest(labelled.p_mid, labelled.p_high) then 'low'
        when labelled.p_mid >= labelled.p_high then 'mid'
        else 'high'
    end as hmm_state,
    labelled.hmm_entropy,
    -- times
    case when labelled.p_low is not null then fits.fit_as_of end as fit_as_of,
    labelled.known_at
from labelled
left join names as combined
    on
        combined.regime_family = 'combined'
        and labelled.combined_regime = combined.name
left join fits
    on
        labelled.symbol = fits.symbol
        and date_trunc('quarter', labelled.as_of_session) = fits.quarter_start
