"""The pages, one module each; see `app.page`.

Not called `pages`: Streamlit takes a folder of that name beside its script for pages of another
kind, and a browser whose first address is not the front page would see nothing.
"""
