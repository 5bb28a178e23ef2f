"""Independent random streams: one per seed, purpose, session and instrument.

A stream does not depend on how many sessions or symbols are made, so a longer simulation begins
with the same days as a shorter one.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np


class Stream(IntEnum):
    """What a stream of random numbers is for."""

    START = 0
    PATH = 1
    MINUTES = 2
    BARS = 3
    CHAIN = 4
    RATES = 5
    INDEX = 6
    FAULTS = 7


def generator(seed: int, stream: Stream, session: int = 0, part: int = 0) -> np.random.Generator:
    """Return the generator of one stream at one session (counted from the first)."""
    key = np.random.SeedSequence(seed, spawn_key=(int(stream), session, part))
    return np.random.Generator(np.random.PCG64(key))
