{{ config(
    materialized='lake_incremental',
    dataset='options',
    stamps_from='iv_smiles',
    window=30,
    uses_kernels=true,
) }}
-- depends_on: {{ ref('int_options__solved') }}
-- Marks of what has no usable price of its own: contracts that the session's files show without
-- one, and contracts that were seen within the last 30 sessions and are alive.
with

smiles as (

    select
        smiles.*,
        sessions.session_index,
        market.last_split
    from {{ ref('iv_smiles') }} as smiles
    inner join {{ ref('dim_sessions') }} as sessions using (session_date)
    left join {{ ref('int_options__market') }} as market using (session_date, underlying)
    where smiles.{{ lake_batch_dates() }}

),

-- in which of the window's sessions each contract was seen
contracts as (

    select
        {{ contract_key() }},
        list_sort(list(session_index)) as seen_at
    from {{ ref('int_options__solved') }}
    where {{ option_window_dates() }}
    group by {{ contract_key() }}
    having
        count(*) != max(session_index) - min(session_index) + 1
        or max(session_index) < (
            select max(session_index)
            from {{ ref('dim_sessions') }}
            where session_date <= getvariable('lake_last')::date
        )

),

-- the last session of a contract before sessions without it, and the first after them
gaps as (

    select
        {{ contract_key('runs') }},
        runs.session_index,
        coalesce(runs.next_index, 1000000) as next_index,
        sessions.session_date
    from (
        select
            {{ contract_key() }},
            unnest(seen_at) as session_index,
            unnest(list_append(seen_at[2:], null)) as next_index
        from contracts
    ) as runs
    inner join {{ ref('dim_sessions') }} as sessions using (session_index)
    where runs.next_index is distinct from runs.session_index + 1

),

unobserved as (

    select
        smiles.session_date,
        smiles.underlying,
        {{ contract_key('gaps') }},
        false as is_observed,
        smiles.known_at as priced_at,
        'unobserved' as solved_reason
    from gaps
    inner join smiles
        on
            gaps.root = smiles.root
            and gaps.expiration = smiles.expiration
            and gaps.session_index < smiles.session_index
            and gaps.session_index + {{ option_window() }} >= smiles.session_index
            and gaps.next_index > smiles.session_index
    where smiles.t > 0 and gaps.session_date >= coalesce(smiles.last_split, gaps.session_date)

),

unpriced as (

    select
        session_date,
        underlying,
        {{ contract_key() }},
        true as is_observed,
        known_at as priced_at,
        reason as solved_reason,
        bid,
        ask,
        quote_check,
        price,
        price_source,
        iv as own_iv,
        volume,
        open_interest,
        vendor_iv,
        vendor_delta
    from {{ ref('int_options__solved') }}
    where {{ lake_batch_dates() }} and not is_marked

),

wanted as (

    select * from unpriced
    union all by name
    select * from unobserved

),

-- by how much the quotes that drew a smile lie off it
quotes_off as (

    select
        quotes.session_date,
        quotes.root,
        quotes.expiration,
        quotes.strike,
        quotes.iv - sqrt(
            {{ smile_variance('ln(quotes.strike::double / smiles.forward)', 'smiles') }} / smiles.t
        ) as off_iv
    from {{ ref('int_options__solved') }} as quotes
    inner join smiles using (session_date, root, expiration)
    where
        quotes.{{ lake_batch_dates() }}
        and quotes.price_source = 'quote_mid'
        and quotes.is_marked
        and (quotes.option_type = 'C') = (quotes.strike::double >= quotes.forward)
        and abs(quotes.delta) >= 0.005
        and smiles.fit_source = 'own'
        and smiles.t > 0

),

placed as (

    select
        wanted.*,
        smiles.known_at,
        smiles.settles_at,
        smiles.spot,
        smiles.forward,
        smiles.rate,
        smiles.t,
        smiles.fit_source,
        smiles.fit_age,
        epoch(smiles.known_at) - epoch(wanted.priced_at) as price_age,
        if(
            smiles.t > 0 and smiles.forward > 0, ln(wanted.strike::double / smiles.forward), null
        ) as k,
        -- beyond its outermost points a smile is not trusted to rise faster than moneyness does
        if(
            smiles.fit_source = 'own',
            least(greatest(k, smiles.lowest_k), smiles.highest_k),
            k
        ) as inner_k,
        if(k is null, null, sqrt(least(
            {{ smile_variance('k', 'smiles') }},
            if(
                k / nullif(inner_k, 0.0) > 1.0,
                k / inner_k * nullif({{ smile_variance('inner_k', 'smiles') }}, 0.0),
                null
            )
        ) / smiles.t)) as drawn_iv,
        -- straight between the nearest quotes on either side, as much beyond the outermost ones
        case
            when below.strike < above.strike
                then
                    below.off_iv
                    + (above.off_iv - below.off_iv)
                    * ((wanted.strike - below.strike) / (above.strike - below.strike))
            else coalesce(below.off_iv, above.off_iv, 0.0)
        end as nearby,
        if(drawn_iv + nearby > 0, drawn_iv + nearby, drawn_iv) as smile_iv
    from wanted
    inner join smiles using (session_date, root, expiration)
    asof left join quotes_off as below
        on
            wanted.session_date = below.session_date
            and wanted.root = below.root
            and wanted.expiration = below.expiration
            and wanted.strike >= below.strike
    asof left join quotes_off as above
        on
            wanted.session_date = above.session_date
            and wanted.root = above.root
            and wanted.expiration = above.expiration
            and wanted.strike <= above.strike

),

chosen as (

    select
        *,
        case
            when t <= 0 then if(settles_at = known_at and spot > 0, 'intrinsic', null)
            when
                price_source = 'trade' and own_iv is not null
                and (
                    price_age <= 60 * {{ var('option_young_minutes') }}
                    or smile_iv is null
                    or fit_source = 'earlier'
                )
                then 'trade'
            when price_source = 'quote_mid' and (quote_check != 'wide' or smile_iv is null)
                then 'quote_mid'
            when smile_iv is not null then if(fit_source = 'own', 'surface', 'neighbour')
            when price_source = 'trade_day' then 'trade_day'
        end as mark_source
    from placed

),

ready as (

    select
        chosen.*,
        roots.exercise_style,
        -- an expiry that the session does not show has its dividends in its carry
        coalesce(forwards.dividends, 0.0) as dividends,
        coalesce(forwards.dividend_times, []::double[]) as dividend_times,
        coalesce(forwards.dividend_amounts, []::double[]) as dividend_amounts,
        case chosen.mark_source
            when 'trade' then chosen.own_iv
            when 'intrinsic' then 0.0
            else chosen.smile_iv
        end as sigma
    from chosen
    inner join {{ ref('option_roots') }} as roots using (root, underlying)
    left join {{ ref('option_forwards') }} as forwards using (session_date, root, expiration)

),

valued as (

    select
        *,
        if(mark_source = 'trade', own_iv, smile_iv) as iv,
        {{ by_exercise(
            'value', ['option_type', 'spot', 'strike::double', 't', 'rate'], ['sigma']
        ) }} as worth
    from ready

)

select
    -- ids
    session_date,
    underlying,
    {{ contract_key() }},
    is_observed,
    -- the mark
    known_at,
    case
        when mark_source in ('quote_mid', 'trade_day') then price
        when mark_source = 'intrinsic'
            then greatest(if(option_type = 'C', 1.0, -1.0) * (spot - strike::double), 0.0)
        when mark_source in ('surface', 'neighbour') and quote_check in ('zero_bid', 'wide')
            then least(greatest(worth.price, coalesce(bid, 0.0)), ask)
        else worth.price
    end as mark,
    mark_source,
    case
        when mark_source = 'trade' then price_age
        when mark_source = 'neighbour' then fit_age
        when mark_source in ('quote_mid', 'surface', 'intrinsic') then 0.0
    end as mark_age,
    -- the market
    t,
    bid,
    ask,
    quote_check,
    volume,
    open_interest,
    vendor_iv,
    vendor_delta,
    spot,
    forward,
    rate,
    -- volatility and Greeks
    iv,
    case
        when iv is null then null
        when mark_source = 'trade' then 'own'
        else 'smile'
    end as iv_source,
    worth.delta as delta,
    worth.gamma as gamma,
    worth.vega as vega,
    worth.theta as theta,
    worth.rho as rho,
    worth.vanna as vanna,
    worth.volga as volga,
    worth.charm as charm,
    case
        when solved_reason is not null then solved_reason
        when price_source = 'trade' and mark_source != 'trade' then 'old_trade'
        when mark is null then 'too_few_points'
    end as reason
from valued
