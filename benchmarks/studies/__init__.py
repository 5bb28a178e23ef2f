"""Studies of how well prices are recovered: run by name, their results kept in `docs/studies/`."""
