{#- Every value is a name (or code) of one family of the seed regime_definitions; NULL passes. -#}
{% test accepted_regimes(model, column_name, family, field='name') %}
select {{ column_name }}
from {{ model }}
where
    {{ column_name }} is not null
    and {{ column_name }} not in (
        select {{ field }}
        from {{ ref('regime_definitions') }}
        where regime_family = '{{ family }}'
    )
{% endtest %}
