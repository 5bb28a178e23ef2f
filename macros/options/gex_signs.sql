{#-
    What the setting `gex_sign_convention` says of the market's makers: 1 where they are long, -1
    where they are short, of calls and of puts.
-#}
{% macro gex_sign(option_type) -%}
    {%- set conventions = {
        'long_calls_short_puts': {'C': 1, 'P': -1},
        'short_calls_long_puts': {'C': -1, 'P': 1},
        'short_both': {'C': -1, 'P': -1},
    } -%}
    {%- set convention = var('gex_sign_convention') -%}
    {%- if convention not in conventions -%}
        {{ exceptions.raise_compiler_error(
            'gex_sign_convention is ' ~ convention ~ ', not one of '
            ~ (conventions | join(', '))
        ) }}
    {%- endif -%}
    {{ return(conventions[convention][option_type] ~ '.0::double') }}
{%- endmacro %}
