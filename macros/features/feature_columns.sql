{#-
    Names of a module's registered columns, in registry order, comma-separated.

    `engine` keeps one kind (kernel, fit, session, sql or a list of them), `lag` one kind
    (`previous_session` by default, `none` for the calendar), `relation` prefixes them.
-#}
{% macro feature_columns(module, engine=none, lag='previous_session', relation=none) -%}
    {%- set engines = [engine] if engine is string else engine -%}
    {%- set names = [] -%}
    {%- for entry in feature_modules(none) if entry.name == module -%}
        {%- for column in entry.columns
            if column.lag == lag and (engines is none or column.engine in engines) -%}
            {%- do names.append((relation ~ '.' if relation else '') ~ column.name) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if not names -%}
        {{ exceptions.raise_compiler_error('no registered columns for module ' ~ module) }}
    {%- endif -%}
    {{ return(names | join(',\n    ')) }}
{%- endmacro %}
