"""The app: pages over the published warehouse; `app/main.py` is what Streamlit runs."""
