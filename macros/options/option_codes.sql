{#- Types of words that many rows share: in the table each is a number, not a text. -#}
{% macro quote_checks() -%}
enum('good', 'locked', 'wide', 'zero_bid', 'one_sided', 'crossed', 'no_quote')
{%- endmacro %}

{% macro price_sources() -%}
enum('quote_mid', 'trade', 'trade_day', 'surface', 'neighbour', 'intrinsic')
{%- endmacro %}

{% macro option_types() -%}
enum('C', 'P')
{%- endmacro %}

{#- Roots or underlyings (`column`) of the seed, and varchar while it is not loaded. -#}
{% macro option_names(column) -%}
    {%- set seed = adapter.get_relation(target.database, 'main', 'option_roots')
        if execute else none -%}
    {%- if seed -%}
        {%- set query -%}
            select distinct {{ column }} from {{ seed }} order by all
        {%- endset -%}
        {%- set names = [] -%}
        {%- for row in run_query(query).rows -%}
            {%- do names.append("'" ~ row[0] ~ "'") -%}
        {%- endfor -%}
        enum({{ names | join(', ') }})
    {%- else -%}
        varchar
    {%- endif -%}
{%- endmacro %}
