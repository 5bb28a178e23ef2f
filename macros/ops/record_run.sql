{#-
    The build file remembers, in `ops`, which run last made or tested each node. `quant publish`
    publishes only when everything succeeded, in an order that makes sense, and no run was
    cut off since (engine/warehouse/readiness.py states the rule).
-#}
{% macro record_run_start() -%}
    {%- if execute and flags.WHICH in recorded_commands() -%}
        create schema if not exists ops;
        create table if not exists ops.dbt_runs (
            run bigint primary key,
            invocation_id varchar,
            command varchar,
            started_at timestamptz,
            finished_at timestamptz
        );
        create table if not exists ops.dbt_results (
            unique_id varchar primary key,
            run bigint,
            status varchar,
            failures bigint,
            seconds double
        );
        insert into ops.dbt_runs
        select
            coalesce(max(run), 0) + 1,
            '{{ invocation_id }}',
            '{{ flags.WHICH }}',
            now(),
            null
        from ops.dbt_runs
    {%- endif -%}
{%- endmacro %}

{#- Called by on-run-end with dbt's `results`, whether the run succeeded or not. -#}
{% macro record_run_end(results) -%}
    {%- if execute and flags.WHICH in recorded_commands() -%}
        {%- if results %}
        insert or replace into ops.dbt_results
        select result.unique_id, runs.run, result.status, result.failures, result.seconds
        from (
            values
            {%- for result in results %}
            (
                '{{ result.node.unique_id }}',
                '{{ result.status }}',
                {{ result.failures if result.failures is not none else 'null' }},
                {{ result.execution_time }}
            ){{ ',' if not loop.last }}
            {%- endfor %}
        ) as result (unique_id, status, failures, seconds)
        cross join ops.dbt_runs as runs
        where runs.invocation_id = '{{ invocation_id }}';
        {%- endif %}
        update ops.dbt_runs
        set finished_at = now()
        where invocation_id = '{{ invocation_id }}'
    {%- endif -%}
{%- endmacro %}

{#- Commands that make or test tables. -#}
{% macro recorded_commands() -%}
    {{ return(['build', 'run', 'seed', 'snapshot', 'test', 'retry']) }}
{%- endmacro %}
