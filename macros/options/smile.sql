{#- Total variance of the smile of `relation` at log moneyness `k`, at least 0. -#}
{% macro smile_variance(k, relation) -%}
    nullif(
        greatest(
            {{ relation }}.a + {{ relation }}.b * (
                {{ relation }}.rho * ({{ k }} - {{ relation }}.m)
                + sqrt(pow({{ k }} - {{ relation }}.m, 2) + pow({{ relation }}.s, 2))
            ),
            0.0
        ),
        if({{ relation }}.a is null, 0.0, -1.0)
    )
{%- endmacro %}
