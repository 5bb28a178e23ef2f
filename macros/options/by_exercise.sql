{#-
    A function of options, chosen by a row's exercise style: `solve` becomes solve_american or
    solve_european. `before` are its arguments up to the rate; the yield is what gives the row's
    forward; `after` follows. American functions know of cash dividends, to European ones they
    are part of the yield. With the setting `option_exercise: european` all options are European.
-#}
{% macro by_exercise(function, before, after=[]) -%}
    {%- set european = before + ["if(t > 0, rate - ln(forward / spot) / t, 0.0)"] + after -%}
    {%- set american = before
        + ["if(t > 0, rate - ln(forward / (spot - dividends)) / t, 0.0)"]
        + after + ['dividend_times', 'dividend_amounts'] -%}
    {%- if var('option_exercise') == 'by_root' -%}
    case exercise_style
            when 'american' then {{ function }}_american({{ american | join(', ') }})
            else {{ function }}_european({{ european | join(', ') }})
        end
    {%- else -%}
    {{ function }}_european({{ european | join(', ') }})
    {%- endif -%}
{%- endmacro %}
