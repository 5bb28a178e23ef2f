"""Path: its fractal dimension, its rhythm, and the area it encloses with volume."""

from __future__ import annotations

from functools import partial

import numpy as np

from engine.features.panel import Floats
from engine.features.registry import Family
from engine.features.workspace import Workspace
from engine.kernels import fractal_dimension, lyapunov, path_area, periodogram
from engine.kernels.scaling import slope_weights

kernel = partial(Family, engine="kernel")

HIGUCHI_STEPS = 10
SLOW = 16.0  # bars: longer periods are slow
DIMENSION = 4  # returns in a vector whose neighbour is sought
SEPARATION = 10  # bars that neighbours are more than apart
STEPS = 8  # distances that the parting of neighbours is measured by: after 0 to 7 bars


def higuchi(s: Workspace, w: int) -> Floats:
    """Higuchi's dimension of log price."""
    weights = slope_weights(-np.log(np.arange(1.0, HIGUCHI_STEPS + 1.0)))
    out: Floats = fractal_dimension.higuchi(s.log_close, w, HIGUCHI_STEPS, weights)
    return out


def spectrum(s: Workspace, w: int) -> tuple[Floats, Floats]:
    """Dominant period and slow share of r."""

    def make() -> tuple[Floats, Floats]:
        out: tuple[Floats, Floats] = periodogram.dominant_period(s.ret, w, SLOW)
        return out

    return s.once(s.ret, ("spectrum", w), make)


def lyapunov_exponent(s: Workspace, w: int) -> Floats:
    """Rosenstein's exponent of r."""
    weights = slope_weights(np.arange(float(STEPS)))
    out: Floats = lyapunov.largest_exponent(s.ret, w, DIMENSION, SEPARATION, weights)
    return out


DIMENSIONS = (
    kernel(
        pattern="dyn_katz_{window}",
        formula="ln(steps) / ln(farthest |ln C - first ln C| / mean |step|)",
        units="FD",
        source="Katz 1988",
        inputs=("close",),
        oracle="antropy.katz_fd",
        windows=(60,),
        lookback=lambda w: w,
        value=lambda s, w: fractal_dimension.katz(s.log_close, w),
        why=(
            "Unknown where the path stays within two mean steps of its start: the definition has "
            "a pole at one. A flat window is unknown."
        ),
    ),
    kernel(
        pattern="dyn_petrosian_{window}",
        formula="ln n / (ln n + ln(n / (n + 0.4 turns of C)))",
        units="FD",
        source="Petrosian 1995",
        inputs=("close",),
        oracle="antropy.petrosian_fd",
        windows=(60,),
        lookback=lambda w: w,
        value=lambda s, w: fractal_dimension.petrosian(s.log_close, w),
        why="A turn is a change between falling and not falling. A flat window is a line: 1.",
    ),
    kernel(
        pattern="dyn_higuchi_{window}",
        formula="minus the slope on ln k of ln(length of ln C at steps of k bars), k = 1 .. 10",
        units="FD",
        source="Higuchi 1988",
        inputs=("close",),
        oracle="antropy.higuchi_fd of the window in reverse",
        windows=(60, 120),
        lookback=lambda w: w,
        value=higuchi,
        why="The paths of k bars end with the window's last bars. A flat window is unknown.",
    ),
)

SPECTRUM = (
    kernel(
        pattern="dyn_period_{window}",
        formula="period with the most power in the Hann periodogram of r",
        units="bars",
        source="standard",
        inputs=("close",),
        oracle="scipy.signal.periodogram",
        windows=(64, 128),
        lookback=lambda w: w + 1,
        value=lambda s, w: spectrum(s, w)[0],
        why=(
            "Of returns: in a price the longest period has the most power nearly always. The "
            "frequency 0 does not count; a flat window is unknown."
        ),
    ),
    kernel(
        pattern="dyn_lowpower_{window}",
        formula="share of the power in the Hann periodogram of r at periods above 16 bars",
        units="[0,1]",
        source="standard",
        inputs=("close",),
        oracle="scipy.signal.periodogram",
        windows=(64, 128),
        lookback=lambda w: w + 1,
        value=lambda s, w: spectrum(s, w)[1],
        why="Of returns, without the frequency 0; a flat window is unknown.",
    ),
)

AREAS = (
    kernel(
        pattern="dyn_levyarea_{window}",
        formula=(
            "half the sum of x dV - y dr over w bars, x the running r in units of sqrt(sum r^2), "
            "y the running share of the window's V"
        ),
        units="-",
        source="Chevyrev & Kormilitzin 2016",
        inputs=("close", "volume"),
        oracle="hand example; the polygon's area",
        windows=(20, 60),
        lookback=lambda w: w + 1,
        value=lambda s, w: path_area.levy_area(s.ret, s.bars.volume, w),
        why=(
            "Both sides are in units of the window, so symbols compare. Positive where a rise "
            "came before the volume. Unknown where nothing moves or nothing trades."
        ),
    ),
)

CHAOS = (
    kernel(
        pattern="dyn_lyap_{window}",
        formula=(
            "mean slope, on k = 0 .. 7 bars, of ln distance of nearest neighbours k bars on; "
            "vectors of 4 r, neighbours more than 10 bars apart"
        ),
        units="1/bar",
        source="Rosenstein et al. 1993",
        inputs=("close",),
        oracle="nolds.lyap_r; the logistic map",
        windows=(252,),
        lookback=lambda w: w + 1,
        tier="stretch",
        value=lyapunov_exponent,
        why=(
            "Of equal distances the latest neighbour counts; pairs that coincide are left out. "
            "Noise parts too: above 0 is no proof of chaos. A flat window is unknown."
        ),
    ),
)
