{#- Every row fulfils a condition; NULL counts as not fulfilled. -#}
{% test every_row(model, condition) %}
select *
from {{ model }}
where not coalesce({{ condition }}, false)
{% endtest %}
