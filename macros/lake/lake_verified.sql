{#-
    Name of a test in `ops.lake_verified`: what it tests is part of it, so a test with another rule
    has seen nothing yet. Nor has the test of a view whose query is another: the stamps that it
    goes by are those of a table, which a change of the view leaves as they are.
-#}
{% macro lake_test_key(schema, name, unique, not_null=[], condition=none, finite=false) -%}
    {%- set rules = tojson([unique, not_null, condition, finite]) -%}
    {{ return(name ~ '(' ~ local_md5(rules ~ lake_view_code(schema, name)) ~ ')') }}
{%- endmacro %}

{#- The query of a view but for the files it names; nothing for a table. -#}
{% macro lake_view_code(schema, name) -%}
    {%- set query -%}
        select regexp_replace(sql, '''[^'']*\.parquet''(, )?', '', 'g')
        from duckdb_views()
        where
            database_name = current_database()
            and schema_name = '{{ schema }}'
            and view_name = '{{ name }}'
    {%- endset -%}
    {%- set found = run_query(query).rows if execute else [] -%}
    {{ return(found[0][0] if found | length else '') }}
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
            {%- set tested = graph.nodes[result.node.attached_node] -%}
            {%- set key = lake_test_key(
                tested.schema,
                tested.alias,
                kwargs.get('unique', kwargs.get('columns')),
                kwargs.get('not_null', []),
                kwargs.get('condition'),
                kwargs.get('finite', false),
            ) -%}
            insert or replace into ops.lake_verified
            select
                '{{ key }}',
                session_date,
                stamp
            from ops.lake_build_state
            where model = '{{ kwargs['changed_since'] }}';
        {% endfor -%}
    {%- endif -%}
{%- endmacro %}

{#-
    The dates whose rows a test must look at, with the rows of their files: in a build those that
    it has not passed as they are now.
-#}
{% macro lake_dates_to_test(test_key, changed_since) -%}
    {%- set query -%}
        with rows_of_files as (
            select
                session_date,
                sum(row_count)::bigint as row_count
            from staging.stg_lake__files
            group by session_date
        ),

        dates as (
            select
                state.session_date,
                coalesce(files.row_count, 0) as row_count,
                verified.stamp is null as is_unseen,
                row_number() over (order by state.session_date) as position
            from ops.lake_build_state as state
            left join rows_of_files as files using (session_date)
            left join ops.lake_verified as verified
                on
                    verified.test = '{{ test_key }}'
                    and state.session_date = verified.session_date
                    and state.stamp = verified.stamp
            where state.model = '{{ changed_since }}'
        )

        select
            session_date::varchar as session_date,
            row_count,
            position
        from dates
        {%- if flags.WHICH == 'build' %}
        where is_unseen
        {%- endif %}
        order by position
    {%- endset -%}
    {{ return(run_query(query).rows | list) }}
{%- endmacro %}

{#-
    The queries' predicate over dates: `rows` for all that a test must look at, `repeats` for those
    in which a key may repeat. Literals, so files prune.

    One query over the whole history would hold all its keys at once. So where dates are many,
    the keys are counted before, a batch of dates at a time, and only batches in which a hash
    repeats are left to the test's own query. Keys of such a test determine their date.
-#}
{% macro lake_test_dates(model, test_key, columns, changed_since) -%}
    {%- if not changed_since or not execute or flags.WHICH not in ['build', 'test'] -%}
        {{ return({'rows': 'true', 'repeats': 'true'}) }}
    {%- endif -%}
    {%- set dates = lake_dates_to_test(test_key, changed_since) -%}
    {%- set rows = lake_date_filter(dates) if dates else 'false' -%}
    {%- set batches = lake_batches(dates) -%}
    {%- if batches | length < 2 or not columns -%}
        {{ return({'rows': rows, 'repeats': rows}) }}
    {%- endif -%}
    {%- set suspects = [] -%}
    {%- for batch in batches -%}
        {%- set query -%}
            select 1 as repeated
            from {{ model }}
            where {{ lake_date_filter(batch) }}
            group by hash({{ columns | join(', ') }})
            having count(*) > 1
            limit 1
        {%- endset -%}
        {%- if run_query(query).rows | length -%}
            {%- do suspects.append(lake_date_filter(batch)) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return({
        'rows': rows,
        'repeats': '(' ~ suspects | join(' or ') ~ ')' if suspects else 'false',
    }) }}
{%- endmacro %}
