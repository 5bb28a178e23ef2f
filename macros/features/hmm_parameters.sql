{#-
    The parameters of the hidden Markov models, as the kernels read them: column of
    int_features__hmm_fits, model and state of its row, name of the kernels' input
    (`engine.features.regime.hidden.parameter_names`).
-#}
{% macro hmm_parameters() -%}
    {%- set found = [] -%}
    {%- for model, count in {'hmm3': 3, 'hmm2': 2, 'mixture2': 2}.items() -%}
        {%- for i in range(count) -%}
            {%- set state = model ~ '_' ~ i -%}
            {%- do found.append(('mean', state, model ~ '_mean_' ~ i)) -%}
            {%- do found.append(('sigma', state, model ~ '_sigma_' ~ i)) -%}
            {%- for j in range(count) -%}
                {%- do found.append(('to_' ~ j, state, model ~ '_from_' ~ i ~ '_to_' ~ j)) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}
