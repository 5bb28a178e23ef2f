{{ config(meta={'publish': 'table'}) }}
-- One row a contract that was ever seen: what it is, and from when to when it showed.
with

seen as (

    select
        underlying,
        {{ contract_key() }},
        min(session_date) as first_seen,
        max(session_date) as last_seen,
        count(*)::integer as count_sessions
    from {{ ref('int_options__solved') }}
    group by underlying, {{ contract_key() }}

),

expiries as (

    select
        root,
        expiration,
        min(exercise_style) as exercise_style,
        min(settlement) as settlement,
        min(settles_at) as settles_at
    from {{ ref('option_forwards') }}
    group by root, expiration

)

select
    'O:' || seen.root || strftime(seen.expiration, '%y%m%d') || seen.option_type
    || lpad((seen.strike * 1000)::bigint::varchar, 8, '0') as symbol,
    seen.root::varchar as root,
    seen.underlying::varchar as underlying,
    seen.expiration,
    seen.strike,
    seen.option_type::varchar as option_type,
    expiries.exercise_style,
    expiries.settlement,
    -- cash where the underlying is an index that nobody can deliver
    if(universe.is_index, 'cash', 'shares') as deliverable,
    100 as multiplier,
    expiries.settles_at,
    seen.first_seen,
    seen.last_seen,
    seen.count_sessions
from seen
inner join expiries using (root, expiration)
inner join {{ ref('dim_universe') }} as universe on seen.underlying = universe.symbol
