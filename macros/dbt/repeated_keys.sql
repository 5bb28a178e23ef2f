{#-
    Keys that several rows of a relation share. Keys are counted by hash first, so that a table
    which keeps its grain costs one aggregation of integers. The relation is read again only
    where hashes repeat; a CTE would be kept whole in memory.
-#}
{% macro repeated_keys(relation, columns, dates) -%}
(
    select
        'repeated key' as broken,
        {{ columns | join(', ') }},
        count(*) as count_rows
    from {{ relation }}
    where
        {{ dates }}
        and hash({{ columns | join(', ') }}) in (
            select hash({{ columns | join(', ') }}) as key_hash
            from {{ relation }}
            where {{ dates }}
            group by key_hash
            having count(*) > 1
        )
    group by {{ columns | join(', ') }}
    having count(*) > 1
)
{%- endmacro %}
