{#-
    No two rows share the given columns: the grain.

    `changed_since` names the lake_incremental model whose dates decide what must be looked at
    again: a build tests the dates whose stamp this test has not passed yet (`ops.lake_verified`),
    `dbt test` by itself tests them all.
-#}
{% test unique_together(model, columns, changed_since=none) %}
select
    {{ columns | join(', ') }},
    count(*) as count_rows
from {{ model }}
{%- if changed_since and flags.WHICH == 'build' %}
where session_date in (
    select state.session_date
    from ops.lake_build_state as state
    left join ops.lake_verified as verified
        on
            verified.test = '{{ lake_test_key(model.identifier, columns) }}'
            and state.session_date = verified.session_date
            and state.stamp = verified.stamp
    where state.model = '{{ changed_since }}' and verified.stamp is null
)
{%- endif %}
group by {{ columns | join(', ') }}
having count(*) > 1
{% endtest %}
