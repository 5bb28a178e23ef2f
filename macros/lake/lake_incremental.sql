{#-
    Materialization of every model whose rows belong to one session_date of the lake.

    A model says `config(materialized='lake_incremental', dataset='stocks', stamps_from=none)`.
    Each date has a stamp: a hash of what its rows depend on (the day file's content, or the
    stamp of the model named by `stamps_from`; this model's SQL; the date's calendar row; the
    small tables named by `invalidate_on`; the date's rows of those named by `rows_of`; the kernels
    when `uses_kernels`; with `window=n` the stamps of the n dates before as well, for a model whose
    rows follow from them). Dates whose stamp differs from the one kept in `ops.lake_build_state` are deleted and inserted again, dates
    without a file any more are deleted, the rest is not touched: only stale files are opened,
    and the result equals a full refresh.

    Work goes in batches of whole dates, so memory does not grow with the history. A batch and
    its stamps are one transaction: a killed build goes on where it stopped.
-#}
{% materialization lake_incremental, adapter='duckdb' %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set dataset = config.require('dataset') -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set model_key = model.name -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- if config.get('contract').enforced -%}
        {%- do get_assert_columns_equivalent(sql) -%}
    {%- endif -%}

    {%- set empty_sql -%}
        select * from ({{ sql }}) as model where false
    {%- endset -%}
    {%- set rebuild = should_full_refresh() or existing is none or not existing.is_table
        or lake_columns_differ(existing, empty_sql) -%}
    {%- if rebuild -%}
        {%- if existing is not none -%}{%- do adapter.drop_relation(existing) -%}{%- endif -%}
        {%- call statement('create') -%}
            create table {{ target_relation }} as {{ empty_sql }}
        {%- endcall -%}
        {%- call statement('forget') -%}
            delete from ops.lake_build_state where model = '{{ model_key }}';
            delete from ops.lake_verified where starts_with(test, '{{ model_key }}(')
        {%- endcall -%}
        {%- do adapter.commit() -%}
    {%- endif -%}

    {%- set changes = lake_changes(model_key, dataset, sql) -%}
    {%- set removed = changes | selectattr('action', 'equalto', 'remove') | list -%}
    {%- if removed -%}
        {%- set dates = lake_date_filter(removed) -%}
        {%- call statement('remove') -%}
            delete from {{ target_relation }} where {{ dates }}
        {%- endcall -%}
        {%- call statement('remove_state') -%}
            delete from ops.lake_build_state
            where model = '{{ model_key }}' and {{ dates }}
        {%- endcall -%}
        {%- do adapter.commit() -%}
    {%- endif -%}

    {%- set stale = changes | selectattr('action', 'equalto', 'build') | list -%}
    {%- for batch in lake_batches(stale) -%}
        {%- set dates = lake_date_filter(batch) -%}
        {%- call statement('files') -%}
            set variable lake_{{ dataset }} = {{ lake_file_list(batch) }}
        {%- endcall -%}
        {%- if not rebuild -%}
            {%- call statement('delete') -%}
                delete from {{ target_relation }} where {{ dates }}
            {%- endcall -%}
        {%- endif -%}
        {%- call statement('main') -%}
            insert into {{ target_relation }} by name
            select * from ({{ lake_with_batch_dates(sql, batch) }}) as model
            where {{ dates }}
        {%- endcall -%}
        {%- call statement('stamps') -%}
            insert or replace into ops.lake_build_state values
            {% for change in batch -%}
                ('{{ model_key }}', date '{{ change.session_date }}', '{{ change.stamp }}',
                '{{ invocation_id }}'){{ ',' if not loop.last }}
            {% endfor %}
        {%- endcall -%}
        {%- do adapter.commit() -%}
    {%- endfor -%}
    {%- if not stale -%}
        {%- call statement('main') -%}select 'nothing stale'{%- endcall -%}
    {%- endif -%}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do adapter.commit() -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
