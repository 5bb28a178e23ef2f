{#-
    A function of options, chosen by a row's exercise style: `solve` becomes solve_american or
    solve_european. With the setting `option_exercise: european` all options are European.
-#}
{% macro by_exercise(function, style, arguments) -%}
    {%- if var('option_exercise') == 'by_root' -%}
    case {{ style }}
            when 'american' then {{ function }}_american({{ arguments | join(', ') }})
            else {{ function }}_european({{ arguments | join(', ') }})
        end
    {%- else -%}
    {{ function }}_european({{ arguments | join(', ') }})
    {%- endif -%}
{%- endmacro %}
