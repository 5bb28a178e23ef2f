{#- The instant at which a session's chains are looked at, the same distance before an early close. -#}
{% macro option_snapshot_at(close_at) -%}
    {%- set clock = var('option_snapshot').split(':') -%}
    {{ close_at }} - to_minutes({{ 960 - 60 * (clock[0] | int) - (clock[1] | int) }})
{%- endmacro %}

{#- Seconds of a year as options count them. -#}
{% macro year_seconds() -%}(365.0 * 86400.0){%- endmacro %}

{#- What identifies a contract. -#}
{% macro contract_key(relation=none) -%}
    {%- for name in ['root', 'expiration', 'strike', 'option_type'] -%}
    {{ relation ~ '.' if relation }}{{ name }}{{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
