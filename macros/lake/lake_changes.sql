{#- Names of the views that this model reads, as a SQL list: what they say is part of its code. -#}
{% macro lake_view_parents() -%}
    {%- set names = [] -%}
    {%- for parent in model.depends_on.nodes -%}
        {%- set node = graph.nodes.get(parent) -%}
        {%- if node and node.config.materialized == 'view' -%}
            {%- do names.append("'" ~ node.name ~ "'") -%}
        {%- endif -%}
    {%- endfor -%}
    {{ names | join(', ') or 'null' }}
{%- endmacro %}

{#- Where a model that this model reads is: `schema.name`. -#}
{% macro lake_parent(name) -%}
    {%- for parent in model.depends_on.nodes -%}
        {%- set node = graph.nodes.get(parent) -%}
        {%- if node and node.name == name -%}{{ return(node.schema ~ '.' ~ node.alias) }}{%- endif -%}
    {%- endfor -%}
    {{ exceptions.raise_compiler_error(model.name ~ ' does not read ' ~ name) }}
{%- endmacro %}

{#-
    Compare the stamps that a model's dates should have with those they have.
    Returns rows (action: build or remove, session_date, stamp, path, row_count, position), by
    date; `position` counts all dates, so that neighbours among the changed ones can be told.
-#}
{% macro lake_changes(model_key, dataset, model_sql) -%}
    {%- set upstream = config.get('stamps_from') -%}
    {%- set own_stamp = 'state.stamp' if upstream else 'files.content_hash' -%}
    {%- set window = config.get('window') -%}
    {%- set query -%}
        with code as (
            select md5(
                '{{ local_md5(model_sql) }}'
                {%- for name in config.get('invalidate_on', []) %}
                || coalesce((
                    select string_agg(t::varchar, '|' order by t::varchar)
                    from main.{{ name }} as t
                ), '')
                {%- endfor %}
                || coalesce((
                    select string_agg(
                        regexp_replace(sql, '''[^'']*\.parquet''(, )?', '', 'g'), '|' order by sql
                    )
                    from duckdb_views()
                    where view_name in ({{ lake_view_parents() }})
                ), '')
                {%- if config.get('uses_kernels') %}
                || coalesce(getvariable('kernel_hash'), '')
                {%- endif %}
            ) as code_hash
        ),

        wanted as (
            select
                files.session_date,
                md5(
                    {%- if window %}
                    string_agg({{ own_stamp }}, '|') over (
                        order by files.session_date
                        rows between {{ window }} preceding and current row
                    )
                    {%- else %}
                    {{ own_stamp }}
                    {%- endif %}
                    || code.code_hash
                    || coalesce(sessions::varchar, '')
                    {%- for name in config.get('rows_of', []) %}
                    || coalesce({{ name }}.rows_hash, '')
                    {%- endfor %}
                ) as stamp,
                files.path,
                files.row_count
            from staging.stg_lake__files as files
            cross join code
            left join main.dim_sessions as sessions using (session_date)
            {%- for name in config.get('rows_of', []) %}
            left join (
                select
                    session_date,
                    md5(string_agg(t::varchar, '|' order by t::varchar)) as rows_hash
                from {{ lake_parent(name) }} as t
                group by session_date
            ) as {{ name }} using (session_date)
            {%- endfor %}
            {%- if upstream %}
            inner join ops.lake_build_state as state
                on state.model = '{{ upstream }}' and files.session_date = state.session_date
            {%- endif %}
            where files.dataset = '{{ dataset }}' and files.reason is null
        ),

        present as (
            select session_date, stamp from ops.lake_build_state where model = '{{ model_key }}'
        ),

        compared as (
            select
                if(wanted.session_date is null, 'remove', 'build') as action,
                coalesce(wanted.session_date, present.session_date) as session_date,
                wanted.stamp,
                wanted.path,
                coalesce(wanted.row_count, 0) as row_count,
                wanted.stamp is distinct from present.stamp as has_changed
            from wanted
            full join present using (session_date)
        ),

        placed as (
            select
                *,
                row_number() over (order by session_date) as position
            from compared
        )

        select
            action,
            session_date::varchar as session_date,
            stamp,
            path,
            row_count,
            position
        from placed
        where has_changed
        order by position
    {%- endset -%}
    {{ return(run_query(query).rows | list) }}
{%- endmacro %}
