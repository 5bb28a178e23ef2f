{#- bar_seconds of a day bar or day aggregate. -#}
{% macro day_seconds() -%}86400{%- endmacro %}

{#-
    WHEN branches that judge the numbers of a stock bar. A day bar may lack open, high and low
    together (sources that publish closes only), never its close; a minute has all four. NaN and
    infinity are no prices; DuckDB sorts NaN above every number, so the greatest shows it.
-#}
{% macro price_reasons(relation) -%}
            when
                {{ relation }}.close is null
                or (({{ relation }}.open is null) != ({{ relation }}.high is null))
                or (({{ relation }}.open is null) != ({{ relation }}.low is null))
                or ({{ relation }}.open is null and {{ relation }}.bar_seconds = 60)
                then 'null_price'
            when
                least(
                    {{ relation }}.open, {{ relation }}.high, {{ relation }}.low, {{ relation }}.close
                ) <= 0
                or not isfinite(greatest(
                    {{ relation }}.open, {{ relation }}.high, {{ relation }}.low, {{ relation }}.close
                ))
                then 'non_positive_price'
            when
                {{ relation }}.high < greatest({{ relation }}.open, {{ relation }}.close)
                or {{ relation }}.low > least({{ relation }}.open, {{ relation }}.close)
                then 'bad_ohlc'
            when
                {{ relation }}.volume < 0
                or {{ relation }}.transactions < 0
                or not coalesce(isfinite({{ relation }}.volume), true)
                then 'negative_volume'
{%- endmacro %}
