{#- The columns of the panel that kernels read (`engine.features.panel.Bars`) and its keys. -#}
{% macro bar_columns(relation) -%}
    {%- set names = [
        'symbol', 'session_date', 'known_at', 'open', 'high', 'low', 'close', 'volume',
        'raw_close', 'raw_volume', 'vwap', 'dollar_volume', 'transactions', 'factor',
    ] -%}
    {{ return((relation ~ '.') ~ (names | join(',\n    ' ~ relation ~ '.'))) }}
{%- endmacro %}
