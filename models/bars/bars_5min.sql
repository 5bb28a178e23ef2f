{{ config(
    materialized='lake_incremental',
    dataset='stocks',
    stamps_from='int_bars__5min',
    rows_of=['int_bars__factors'],
    meta={'publish': 'parts'},
) }}
{{ adjusted_bars('int_bars__5min') }}
