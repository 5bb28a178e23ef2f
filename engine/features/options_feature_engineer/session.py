"""Functions of one expiry's smile, callable from SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.features.panel import Floats
from engine.features.udf import Lists, SessionUdf
from engine.kernels import model_free


def option_moments(k: Lists, iv: Lists, t: NDArray[Any]) -> Sequence[Floats]:
    """Return what each smile says of the return to its expiry; see `model_free.moments`."""
    found: Floats = model_free.moments_of(
        k.values, iv.values, k.offsets, np.asarray(t, dtype=np.float64)
    )
    return tuple(found)


SESSION_UDFS = (
    SessionUdf(
        "option_moments",
        option_moments,
        ("DOUBLE[]", "DOUBLE[]", "DOUBLE"),
        model_free.FIELDS,
    ),
)
