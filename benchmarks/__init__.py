"""CPU time and peak memory, measured beside named peers in the same run; never a timed test."""
