{#- bar_seconds of a day bar or day aggregate. -#}
{% macro day_seconds() -%}86400{%- endmacro %}

{#-
    WHEN branches that judge the numbers of a stock bar. A bar may lack open, high and low
    together (sources that publish closes only), never its close.
-#}
{% macro price_reasons(relation) -%}
            when {{ relation }}.close is null
                or (({{ relation }}.open is null) != ({{ relation }}.high is null))
                or (({{ relation }}.open is null) != ({{ relation }}.low is null))
                then 'null_price'
            when least({{ relation }}.open, {{ relation }}.high, {{ relation }}.low, {{ relation }}.close) <= 0
                or not isfinite({{ relation }}.close)
                then 'non_positive_price'
            when {{ relation }}.high < greatest({{ relation }}.open, {{ relation }}.close)
                or {{ relation }}.low > least({{ relation }}.open, {{ relation }}.close)
                or {{ relation }}.high < {{ relation }}.low
                then 'bad_ohlc'
            when {{ relation }}.volume < 0 or {{ relation }}.transactions < 0
                then 'negative_volume'
{%- endmacro %}
