"""What pages ask of the warehouse: SQL and the words for its answers, without Streamlit's widgets."""
