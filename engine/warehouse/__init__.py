"""The warehouse: what dbt builds privately and what is published for readers."""
