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

{#- The smile of `relation` as one value, NULL where there is none. -#}
{% macro smile_shape(relation) -%}
if({{ relation }}.a is null, null, struct_pack(
            a := {{ relation }}.a,
            b := {{ relation }}.b,
            rho := {{ relation }}.rho,
            m := {{ relation }}.m,
            s := {{ relation }}.s,
            t := {{ relation }}.t,
            w := {{ relation }}.atm_variance,
            known_at := {{ relation }}.known_at,
            session_index := {{ relation }}.session_index
        ))
{%- endmacro %}
