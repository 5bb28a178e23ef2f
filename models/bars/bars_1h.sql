{{ config(meta={'publish': 'table'}) }}
{{ adjusted_bars('int_bars__1h') }}
