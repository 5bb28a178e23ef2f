-- What each feature is, how much of it there is, and what its audits found. A certificate is
-- "passed" when neither audit found anything on the code as it is, "stale" when the code has
-- changed since. Only kernel columns are audited on made bars; the leak audit sees every column.
with

features as (

    select * from {{ ref('int_features__catalog') }}

),

present as (

    select
        feature,
        sum(count_null) / sum(count_rows) as null_share,
        min(first_session) as first_session
    from {{ ref('feature_health') }}
    group by feature

),

audited as (

    select
        audits.column_name as feature,
        bool_and(audits.is_passed) as is_passed,
        bool_and(audits.code_hash = features.code_hash) as is_current,
        count(audits.is_passed) as count_audits,
        max(case when audits.kind = 'kernels' then audits.cost_ns end) as cost_ns,
        max(audits.audited_at) as audited_at,
        string_agg(distinct audits.kind, ', ' order by audits.kind) as audits
    from {{ ref('feature_audits') }} as audits
    inner join features on audits.column_name = features.name
    where audits.table_name like 'features\_%' escape '\'
    group by audits.column_name

)

select
    -- ids
    features.name,
    features.module,
    features.scope,
    features.position,
    features.tier,
    -- definition
    features.formula,
    features.units,
    features.source,
    features.inputs,
    features.windows,
    features.lookback,
    features.min_obs,
    features.engine,
    features.lag,
    -- evidence
    features.oracle,
    features.why,
    features.twin_of,
    features.near_duplicates,
    present.null_share,
    present.first_session,
    audited.cost_ns,
    case
        when coalesce(audited.count_audits, 0) = 0 then 'not_audited'
        when not audited.is_passed then 'failed'
        when not audited.is_current then 'stale'
        else 'passed'
    end as audit_status,
    audited.audits,
    audited.audited_at
from features
left join present on features.name = present.feature
left join audited on features.name = audited.feature
