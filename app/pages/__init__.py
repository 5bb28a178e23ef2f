"""The pages, one module each; see `app.page`."""
