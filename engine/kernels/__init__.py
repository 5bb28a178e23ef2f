"""Numba kernels: typed arrays in, arrays out; they know numpy and numba only."""
