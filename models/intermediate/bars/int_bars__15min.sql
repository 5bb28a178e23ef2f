{{ config(
    materialized='lake_incremental',
    dataset='stocks',
    stamps_from='int_bars__5min',
) }}
{{ coarser_bars(15) }}
