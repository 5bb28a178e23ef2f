{#- Generated from engine/features by `make registry`: edit the registry, not this file. -#}
{#- The scopes of features: their wide tables, and the panels that their kernels see. -#}
{% macro feature_scopes() -%}
    {{ return([
        {
            'name': 'daily',
            'table': 'features_daily',
            'panel': 'int_bars__panel',
            'of_market': false,
        },
        {
            'name': 'cross',
            'table': 'features_cross_asset',
            'panel': 'int_market__panel',
            'of_market': true,
        },
        {
            'name': 'options',
            'table': 'features_options',
            'panel': 'int_options__panel',
            'of_market': false,
        },
    ]) }}
{%- endmacro %}
