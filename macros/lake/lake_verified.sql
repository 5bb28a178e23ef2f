{#- Name of a `unique_together` test in `ops.lake_verified`. -#}
{% macro lake_test_key(model_name, columns) -%}
    {{ model_name }}({{ columns | join(',') }})
{%- endmacro %}

{#-
    At the end of a run: remember which dates the passed tests have seen. A date whose test failed
    or did not run is tested again, so that a second build cannot slip it through.
-#}
{% macro remember_lake_verified(results) -%}
    {%- if execute and flags.WHICH in ['build', 'test'] -%}
        {%- for result in results
            if result.node.resource_type == 'test'
            and result.status == 'pass'
            and result.node.test_metadata
            and result.node.test_metadata.kwargs.get('changed_since')
        -%}
            {%- set kwargs = result.node.test_metadata.kwargs -%}
            {%- set model_name = result.node.attached_node.split('.')[-1] -%}
            insert or replace into ops.lake_verified
            select
                '{{ lake_test_key(model_name, kwargs['columns']) }}',
                session_date,
                stamp
            from ops.lake_build_state
            where model = '{{ kwargs['changed_since'] }}';
        {% endfor -%}
    {%- endif -%}
{%- endmacro %}

{#- Predicate over the dates that a test has not seen as they are now; literals, so files prune. -#}
{% macro lake_unverified(model_name, columns, changed_since) -%}
    {%- if execute -%}
        {%- set query -%}
            select
                session_date::varchar as session_date,
                position
            from (
                select
                    state.session_date,
                    verified.stamp is null as is_unseen,
                    row_number() over (order by state.session_date) as position
                from ops.lake_build_state as state
                left join ops.lake_verified as verified
                    on
                        verified.test = '{{ lake_test_key(model_name, columns) }}'
                        and state.session_date = verified.session_date
                        and state.stamp = verified.stamp
                where state.model = '{{ changed_since }}'
            ) as dates
            where is_unseen
            order by position
        {%- endset -%}
        {%- set dates = run_query(query).rows | list -%}
        {{ lake_date_filter(dates) if dates else 'false' }}
    {%- else -%}
        false
    {%- endif -%}
{%- endmacro %}
