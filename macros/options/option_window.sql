{#- Sessions for which a contract that is not seen any more keeps a mark. -#}
{% macro option_window() -%}30{%- endmacro %}

{#-
    Predicate over the batch's dates and enough days before them for `option_window` sessions,
    holidays included. A model that uses it says `window=option_window()`.
-#}
{% macro option_window_dates() -%}
    session_date between cast(getvariable('lake_first') as date) - 55
    and cast(getvariable('lake_last') as date)
{%- endmacro %}
