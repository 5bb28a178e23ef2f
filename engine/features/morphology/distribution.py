"""The shape of the returns of a window.

One visit of a sorted window gives all statistics of it (`engine.kernels.distribution_shape`).
What is a ratio of the window's own moments is bounded by its size and needs no more than a window
that is not flat; what is not bounded is divided safely, in the scale of the returns before.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from engine.features.lookback import SCALED_CHANGE, SCALED_CHANGE_MIN
from engine.features.panel import Floats
from engine.features.registry import Family
from engine.features.workspace import Workspace
from engine.kernels import distribution_shape as shape
from engine.kernels.two_samples import recent_against_prior

# Windows of the two statistics that cost most; the others come with every window.
DIP_WINDOWS = (60, 120, 252)
NORMAL_WINDOWS = (60, 120)

kernel = partial(Family, engine="kernel", inputs=("close",))


def _shape(s: Workspace, w: int, field: int) -> Floats:
    """Return one statistic of the last `w` returns."""
    found: Floats = s.once(
        s.ret,
        ("distribution shape", w),
        lambda: shape.distribution_shape(
            s.near(s.ret, w), w, w in DIP_WINDOWS, w in NORMAL_WINDOWS
        ),
    )
    out: Floats = found[field]
    return out


def _moors(s: Workspace, w: int) -> Floats:
    return s.divide(_shape(s, w, shape.OCTILE_TAILS), _shape(s, w, shape.OCTILE_MIDDLE), s.ret)


def _omega(s: Workspace, w: int) -> Floats:
    gain, loss = _shape(s, w, shape.GAIN), _shape(s, w, shape.LOSS)
    out: Floats = np.full(len(gain), np.nan)
    np.divide(gain - loss, gain + loss, out=out, where=gain + loss > 0.0)
    return out


def _two_samples(s: Workspace, recent: int, prior: int) -> tuple[Floats, Floats]:
    def make() -> tuple[Floats, Floats]:
        out: tuple[Floats, Floats] = recent_against_prior(
            s.near(s.ret, recent + prior), recent, prior
        )
        return out

    return s.once(s.ret, ("two samples", recent, prior), make)


def _wasserstein(s: Workspace, recent: int, prior: int) -> Floats:
    sigma = s.lag(s.std(s.ret, prior), recent)
    return s.divide(_two_samples(s, recent, prior)[1], sigma, s.ret)


def _returns(w: int) -> int:
    """Bars behind a window of returns."""
    return w + 1


def _scaled(w: int) -> int:
    """Bars behind a window of returns that is divided in the scale of returns."""
    return max(w + 1, SCALED_CHANGE)


def _scaled_min(w: int) -> int:
    return max(w + 1, SCALED_CHANGE_MIN)


_FLAT = "Unknown in a flat window."

MOMENTS = (
    kernel(
        pattern="morph_skew_{window}",
        formula="skewness of w log returns: m3 / m2^1.5, divisor n",
        units="-",
        source="standard",
        oracle="scipy.stats.skew",
        windows=(20, 60, 120, 252),
        lookback=_returns,
        why=_FLAT,
        value=lambda s, w: _shape(s, w, shape.SKEW),
    ),
    kernel(
        pattern="morph_kurt_{window}",
        formula="excess kurtosis of w log returns: m4 / m2^2 - 3, divisor n",
        units="-",
        source="standard",
        oracle="scipy.stats.kurtosis",
        windows=(20, 60, 120, 252),
        lookback=_returns,
        why=_FLAT,
        value=lambda s, w: _shape(s, w, shape.KURT),
    ),
)

QUANTILES = (
    kernel(
        pattern="morph_bowley_{window}",
        formula="Bowley's skewness of w log returns: (Q3 + Q1 - 2 Q2) / (Q3 - Q1)",
        units="[-1,1]",
        source="Kim & White 2004",
        oracle="numpy.quantile",
        windows=(60, 120, 252),
        lookback=_returns,
        why="Unknown where the middle half of the window is flat.",
        value=lambda s, w: _shape(s, w, shape.BOWLEY),
    ),
    kernel(
        pattern="morph_moors_{window}",
        formula="Moors' kurtosis of w log returns: ((E7 - E5) + (E3 - E1)) / (E6 - E2), octiles E; "
        "1.233 for the normal",
        units="-",
        source="Kim & White 2004",
        oracle="numpy.quantile",
        windows=(60, 120, 252),
        lookback=_scaled,
        min_obs=_scaled_min,
        why="The coefficient itself, not its excess over the normal's. It has no bound, so it is "
        "divided safely, in the scale of the returns before.",
        value=_moors,
    ),
)

L_MOMENTS = (
    kernel(
        pattern="morph_lskew_{window}",
        formula="L-skewness of w log returns: l3 / l2, unbiased sample L-moments",
        units="[-1,1]",
        source="Hosking 1990",
        oracle="hand example; the definition over all triples",
        windows=(60, 252),
        lookback=_returns,
        why=_FLAT,
        value=lambda s, w: _shape(s, w, shape.L_SKEW),
    ),
    kernel(
        pattern="morph_lkurt_{window}",
        formula="L-kurtosis of w log returns: l4 / l2, unbiased sample L-moments",
        units="[-1,1]",
        source="Hosking 1990",
        oracle="hand example; the definition over all quadruples",
        windows=(60, 252),
        lookback=_returns,
        why=_FLAT,
        value=lambda s, w: _shape(s, w, shape.L_KURT),
    ),
)

DIP = (
    kernel(
        pattern="morph_dip_{window}",
        formula="Hartigan's dip of w log returns",
        units="dip",
        source="Hartigan & Hartigan 1985",
        oracle="diptest.dipstat",
        windows=DIP_WINDOWS,
        lookback=_returns,
        why="A flat window is one point, and that has one mode: 0.",
        value=lambda s, w: _shape(s, w, shape.DIP),
    ),
)

BIMODALITY = (
    kernel(
        pattern="morph_bimod_{window}",
        formula="Sarle's bimodality coefficient of w log returns: "
        "(g^2 + 1) / (k + 3 (n - 1)^2 / ((n - 2)(n - 3)))",
        units="-",
        source="Pfister et al. 2013",
        oracle="the formula with scipy's unbiased skewness and kurtosis",
        windows=(60, 120),
        lookback=_returns,
        why=f"With the sample-corrected g and k that the term in n belongs to. {_FLAT}",
        value=lambda s, w: _shape(s, w, shape.BIMODALITY),
    ),
)

_TAIL_INDEX = (
    "The index xi = 1 / alpha, which is 0 for equal values where alpha is infinite; it ranks as "
    "alpha does, the other way round. Unknown where the tenth is not all on its side of 0."
)

TAILS = (
    kernel(
        pattern="morph_hill_l_{window}",
        formula="Hill's tail index of losses: mean of ln(X_i / X_k+1) over the k = floor(w / 10) "
        "largest -r of w",
        units="xi",
        source="Hill 1975",
        oracle="closed form",
        windows=(120, 252),
        lookback=_returns,
        why=_TAIL_INDEX,
        value=lambda s, w: _shape(s, w, shape.HILL_LEFT),
    ),
    kernel(
        pattern="morph_hill_r_{window}",
        formula="Hill's tail index of gains: mean of ln(X_i / X_k+1) over the k = floor(w / 10) "
        "largest r of w",
        units="xi",
        source="Hill 1975",
        oracle="closed form",
        windows=(120, 252),
        lookback=_returns,
        why=_TAIL_INDEX,
        value=lambda s, w: _shape(s, w, shape.HILL_RIGHT),
    ),
)

RISK = (
    kernel(
        pattern="morph_var95_{window}",
        formula="value at risk of w log returns: -(their 5% quantile) / their standard deviation",
        units="sigma",
        source="standard",
        oracle="numpy.quantile",
        windows=(60, 252),
        lookback=_returns,
        why=f"The quantile between order statistics is linear (numpy's default). {_FLAT}",
        value=lambda s, w: _shape(s, w, shape.VALUE_AT_RISK),
    ),
    kernel(
        pattern="morph_es95_{window}",
        formula="expected shortfall of w log returns: -(mean of their worst 5%) / their standard "
        "deviation",
        units="sigma",
        source="Acerbi & Tasche 2002",
        oracle="numpy mean of the worst of each value repeated 20 times",
        windows=(60, 252),
        lookback=_returns,
        why="Exactly one in twenty: where w / 20 is no whole number the next worst return counts "
        f"with the rest. {_FLAT}",
        value=lambda s, w: _shape(s, w, shape.SHORTFALL),
    ),
    kernel(
        pattern="morph_omega_{window}",
        formula="tail Omega as a share: (G - L) / (G + L), G = sum of max(r - sigma, 0), "
        "L = sum of max(-r - sigma, 0) over w log returns, sigma their standard deviation",
        units="[-1,1]",
        source="Keating & Shadwick 2002",
        oracle="pandas",
        windows=(60,),
        lookback=_returns,
        why="Omega at 0 ranks as the mean over the standard deviation does (raw_retvol_60; rank "
        "correlation 0.9996), so gains and losses count from one standard deviation on. As a "
        "share it is defined without losses too; the ratio G / L is (1 + x) / (1 - x). Unknown "
        "in a flat window.",
        value=_omega,
    ),
)

NORMALITY = (
    kernel(
        pattern="morph_ksnorm_{window}",
        formula="Kolmogorov-Smirnov distance of w log returns to the normal of their own mean and "
        "standard deviation",
        units="[0,1]",
        source="Lilliefors 1967",
        oracle="scipy.stats.kstest",
        windows=NORMAL_WINDOWS,
        lookback=_returns,
        why=_FLAT,
        value=lambda s, w: _shape(s, w, shape.NORMAL_DISTANCE),
    ),
    kernel(
        pattern="morph_jb_{window}",
        formula="ln(1 + JB), JB = n / 6 (skewness^2 + kurtosis^2 / 4) of w log returns",
        units="-",
        source="Jarque & Bera 1980",
        oracle="scipy.stats.jarque_bera",
        windows=NORMAL_WINDOWS,
        lookback=_returns,
        why=_FLAT,
        value=lambda s, w: np.log1p(_shape(s, w, shape.JARQUE_BERA)),
    ),
)

CHANGE = (
    kernel(
        pattern="morph_ks2_{window}",
        formula="Kolmogorov-Smirnov distance of the last 20 log returns to the 120 before them",
        units="[0,1]",
        source="standard",
        oracle="scipy.stats.ks_2samp",
        windows=((20, 120),),
        lookback=lambda w: w + 20 + 1,
        value=lambda s, recent, prior: _two_samples(s, recent, prior)[0],
    ),
    kernel(
        pattern="morph_wass_{window}",
        formula="Wasserstein distance of order 1 of the last 20 log returns to the 120 before "
        "them, / standard deviation of these",
        units="sigma",
        source="standard",
        oracle="scipy.stats.wasserstein_distance",
        windows=((20, 120),),
        lookback=lambda w: max(w + 20 + 1, SCALED_CHANGE),
        min_obs=lambda w: w + 20 + 1,
        why="Divided safely, in the scale of the returns before.",
        value=_wasserstein,
    ),
)
