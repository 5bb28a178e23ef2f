{#-
    a / b where |b| > 1e-3 x scale, else NULL: the twin of engine/kernels/safe_division.py.

    `scale` is one number per series and row, e.g. the median |b| of the bars before it. Never
    add an epsilon to b: one dead bar would become 1e18.
-#}
{% macro safe_divide(a, b, scale) -%}
    case when abs({{ b }}) > 1e-3 * ({{ scale }}) then ({{ a }}) / ({{ b }}) end
{%- endmacro %}
