{#- The last line of a plain `dbt build`: what it made is private until it is published. -#}
{% macro publish_hint(results) -%}
    {%- if execute and flags.WHICH == 'build' and not env_var('QUANT_RUNNER', '') -%}
        {%- set bad = results | selectattr('status', 'in', ['error', 'fail']) | list -%}
        {%- if bad -%}
            {{ log("Nothing to publish: " ~ bad | length ~ " nodes failed.", info=true) }}
        {%- else -%}
            {{ log("Built, not yet visible to readers. Publish it with: quant publish", info=true) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
