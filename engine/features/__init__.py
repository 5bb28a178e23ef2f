"""Features: the registry, the panel that kernels read, and the modules."""
