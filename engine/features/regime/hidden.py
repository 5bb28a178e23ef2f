"""Hidden states: filtered forward with quarterly parameters."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from engine.features.fits import MAX_OBS, MIN_OBS, QUARTER, quarter_starts
from engine.features.panel import Floats
from engine.features.regime.series import REALISED, log_realised, unknown
from engine.features.registry import Family
from engine.features.workspace import Workspace
from engine.kernels import hmm, states

CAP = 252  # of counters

MODELS = {"hmm3": 3, "hmm2": 2, "mixture2": 2}


def parameter_names(model: str) -> tuple[str, ...]:
    """Return the columns that hold a model's parameters: means, sigmas, transitions by row."""
    count = range(MODELS[model])
    return (
        *(f"{model}_mean_{i}" for i in count),
        *(f"{model}_sigma_{i}" for i in count),
        *(f"{model}_from_{i}_to_{j}" for i in count for j in count),
    )


def parameters(s: Workspace, model: str) -> Floats:
    """Return the parameters in force at each row, shape (n, parameters)."""
    columns = [s.bars.extra.get(name, unknown(s)) for name in parameter_names(model)]
    return s.once(s.bars.close, ("parameters", model), lambda: np.column_stack(columns))


def probabilities(s: Workspace, x: Floats, model: str, back: int = 1) -> tuple[Floats, ...]:
    """Return the filtered probability of each state, calmest first.

    Where the last rows alone are wanted, in these and so many existing ones as `back` says.
    """

    def make() -> tuple[Floats, ...]:
        quarter = quarter_starts(s.bars.time.astype("datetime64[D]")).astype(np.int64)
        given = parameters(s, model)
        if s.wanted is not None:
            given = np.where(np.isnan(s.near(x, back))[:, None], np.nan, given)
        found: Floats = hmm.filtered(x, quarter, given, MODELS[model], MAX_OBS)
        return tuple(np.ascontiguousarray(column) for column in found.T)

    read = 0 if s.wanted is None else back
    return s.once(x, ("probabilities", model, read), make)


def _three(s: Workspace) -> tuple[Floats, ...]:
    return probabilities(s, s.ret, "hmm3")


def entropy(s: Workspace) -> Floats:
    """Return the entropy of the filtered probabilities, in bits."""
    total = np.zeros(len(s.bars))
    for p in _three(s):
        # p log p goes to 0 with p.
        total -= p * np.log2(np.where(p > 0.0, p, 1.0))
    return np.abs(total)


def since_switch(s: Workspace) -> Floats:
    """Return the bars since another state was the likeliest."""
    p = np.column_stack(probabilities(s, s.ret, "hmm3", CAP + 1))
    known = ~np.isnan(p).any(axis=1)
    likeliest = np.full(len(p), np.nan)
    likeliest[known] = p[known].argmax(axis=1)
    out: Floats = states.bars_in_state(likeliest, CAP)
    return out


def high_next(s: Workspace) -> Floats:
    """Return the probability that the next bar is in the wildest state."""
    values = parameters(s, "hmm3")
    total = np.zeros(len(s.bars))
    for i, p in enumerate(_three(s)):
        total += p * values[:, 6 + 3 * i + 2]
    return np.minimum(total, 1.0)


_HAMILTON = "Hamilton 1989"
_WHY = (
    "Parameters of a quarter come from at most 1,000 returns before it (EM from volatility "
    "quantiles, several starts, at most 200 iterations, states ordered by sigma); a change of "
    "state that n returns have not seen has a chance of 1 / n. The filter runs forward only, from "
    "the first of the 1,000 returns before the quarter. NULL until a quarter begins with 250 "
    "returns."
)


def _family(pattern: str, formula: str, units: str, **more: Any) -> Family:
    settings: dict[str, Any] = {
        "source": _HAMILTON,
        "oracle": "the forward recursion in numpy; hmmlearn's likelihood; truncation",
        "lookback": lambda w: MAX_OBS + QUARTER + 1,
        "min_obs": lambda w: MIN_OBS + 2,
        "why": _WHY,
        **more,
    }
    return Family(
        pattern=pattern, formula=formula, units=units, inputs=("close",), engine="fit", **settings
    )


def _probability(s: Workspace, model: str, state: int) -> Floats:
    return probabilities(s, s.ret, model)[state]


FAMILIES: tuple[Family, ...] = (
    _family(
        "reg_hmm_p_low",
        "P(calmest of three states | returns so far)",
        "[0,1]",
        value=partial(_probability, model="hmm3", state=0),
    ),
    _family(
        "reg_hmm_p_high",
        "P(wildest of three states | returns so far)",
        "[0,1]",
        value=partial(_probability, model="hmm3", state=2),
    ),
    _family(
        "reg_hmm_entropy",
        "-sum p log2 p of the three filtered probabilities",
        "bits",
        value=entropy,
    ),
    _family(
        "reg_hmm_since_switch",
        "bars since another of the three states was the likeliest, at most 252",
        "bars",
        lookback=lambda w: MAX_OBS + QUARTER + 1 + CAP,
        why=f"{_WHY} Unknown until a switch was seen, or 252 bars without one.",
        value=since_switch,
    ),
    _family(
        "reg_hmm_p_high_next",
        "sum p_i a_i,wildest: P(wildest of three states in the next bar)",
        "[0,1]",
        near_duplicates=("reg_hmm_p_high",),
        value=high_next,
    ),
    _family(
        "reg_hmm2_p_high",
        "P(wilder of two states | returns so far)",
        "[0,1]",
        value=partial(_probability, model="hmm2", state=1),
    ),
)

MIXTURE: tuple[Family, ...] = (
    _family(
        "reg_gmm_p_high",
        "P(upper of two normals | ln of the root mean square of the last 5 returns)",
        "[0,1]",
        source="McLachlan & Peel 2000",
        oracle="sklearn GaussianMixture.predict_proba with the same parameters",
        lookback=lambda w: MAX_OBS + QUARTER + REALISED,
        min_obs=lambda w: MIN_OBS + REALISED + 1,
        why="Realised volatility of five closes, so that bars without minutes have it. Fitted as "
        "the hidden Markov models are; a mixture is the one whose next state does not depend on "
        "this one.",
        value=lambda s: probabilities(s, log_realised(s), "mixture2")[1],
    ),
)
