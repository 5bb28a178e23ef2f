{#- The columns of the panel that kernels read (`engine.features.panel.Bars`), with its keys. -#}
{% macro bar_columns(relation, keys=true) -%}
    {%- set names = (['symbol', 'session_date', 'known_at'] if keys else []) + [
        'open', 'high', 'low', 'close', 'volume',
        'raw_close', 'raw_volume', 'vwap', 'dollar_volume', 'transactions', 'factor',
    ] -%}
    {{ return((relation ~ '.') ~ (names | join(',\n    ' ~ relation ~ '.'))) }}
{%- endmacro %}
