"""The few sums from which every figure comes."""

from __future__ import annotations


def net(cost: float, start_up: float) -> float:
    """Return a cost less that of starting up, which a run without work has shown.

    Raises
    ------
    ValueError
        When nothing is left: the work is then too small to be measured so.
    """
    if not cost > start_up:
        raise ValueError(f"{cost:.2f} s of work is not more than {start_up:.2f} s of start-up")
    return cost - start_up


def rate(count: float, seconds: float) -> float:
    """Return how many were done a second."""
    if seconds <= 0:
        raise ValueError(f"{count:,} in {seconds} s is no rate")
    return count / seconds


def rows_per_cpu_second(rows: int, cpu: float, start_up: float = 0.0) -> float:
    """Return rows a CPU second, net of start-up."""
    return rate(rows, net(cpu, start_up))


def slope(small: tuple[float, float], large: tuple[float, float]) -> float:
    """Return the cost of one more unit between two sizes, each given as (size, cost)."""
    if large[0] <= small[0]:
        raise ValueError(f"{large[0]} is not larger than {small[0]}")
    return (large[1] - small[1]) / (large[0] - small[0])


def nanoseconds_per_cell(seconds: float, rows: int, columns: int) -> float:
    """Return the cost of one value of one column."""
    if rows < 1 or columns < 1:
        raise ValueError(f"{rows} rows of {columns} columns have no cells")
    return seconds * 1e9 / (rows * columns)


def share_of_others(busy: float, own: float, wall: float, cores: int) -> float:
    """Return which share of the machine other processes took while a run went on.

    Parameters
    ----------
    busy
        CPU seconds that the machine was busy.
    own
        CPU seconds of the run itself.
    wall, cores
        How long, on how many cores.
    """
    return min(1.0, max(0.0, busy - own) / (wall * cores))
