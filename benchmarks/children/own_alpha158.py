"""The 158 expressions of Alpha158 with the project's kernels, as qlib's documentation defines them.

Not features of the warehouse: qlib adds an epsilon to divisors, and so does this. It is here so
that the same columns are compared, value by value.
"""

import json
import re
import sys
import time
from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from engine.features.panel import Floats
from engine.kernels.comovement import co_moments
from engine.kernels.sorted_window import rolling_quantiles
from engine.kernels.trend import trend
from engine.kernels.window import extremes, mean_std, percent_rank, total

WINDOWS = (5, 10, 20, 30, 60)
REPEATS = 3
EPSILON = 1e-12
PRECISION = 1e-4  # what is left of 7 digits after a correlation of nearly equal ones


def lag(x: Floats, k: int) -> Floats:
    out = np.full(len(x), np.nan)
    out[k:] = x[:-k]
    return out


def share(steps: Floats, w: int, name: str) -> dict[str, Floats]:
    """Return the shares of rises and falls in the way that a series went."""
    up, down = total(np.maximum(steps, 0.0), w), total(np.maximum(-steps, 0.0), w)
    way = total(np.abs(steps), w) + EPSILON
    return {f"{name}P{w}": up / way, f"{name}N{w}": down / way, f"{name}D{w}": (up - down) / way}


def alpha158(bars: dict[str, Floats]) -> dict[str, Floats]:
    o, h, low, c, v = (bars[name] for name in ("open", "high", "low", "close", "volume"))
    top, bottom = np.maximum(o, c), np.minimum(o, c)
    span = h - low + EPSILON
    found = {
        "KMID": (c - o) / o,
        "KLEN": (h - low) / o,
        "KMID2": (c - o) / span,
        "KUP": (h - top) / o,
        "KUP2": (h - top) / span,
        "KLOW": (bottom - low) / o,
        "KLOW2": (bottom - low) / span,
        "KSFT": (2 * c - h - low) / o,
        "KSFT2": (2 * c - h - low) / span,
        "OPEN0": o / c,
        "HIGH0": h / c,
        "LOW0": low / c,
        "VWAP0": bars["vwap"] / c,
    }
    before, volume_before = lag(c, 1), lag(v, 1)
    ratio = c / before
    step, volume_step = c - before, v - volume_before
    rises, falls = (np.where(np.isnan(step), np.nan, x) for x in (c > before, c < before))
    log_volume = np.log(v + 1.0)
    log_volume_ratio = np.log(v / volume_before + 1.0)
    weighted = np.abs(ratio - 1.0) * v
    for w in WINDOWS:
        mean, std = mean_std(c, w)
        slope, _, r2 = trend(c, w)
        high, lowest, since_high, since_low = extremes(h, low, w)
        fifths = rolling_quantiles(c, w, 5)
        volume_mean, volume_std = mean_std(v, w)
        weighted_mean, weighted_std = mean_std(weighted, w)
        found |= {
            f"ROC{w}": lag(c, w) / c,
            f"MA{w}": mean / c,
            f"STD{w}": std / c,
            f"BETA{w}": slope / c,
            f"RSQR{w}": r2,
            f"RESI{w}": (c - mean - slope * (w - 1) / 2.0) / c,
            f"MAX{w}": high / c,
            f"MIN{w}": lowest / c,
            f"QTLU{w}": fifths[:, 3] / c,
            f"QTLD{w}": fifths[:, 0] / c,
            f"RANK{w}": (percent_rank(c, w) * (w - 1) + 1.0) / w,
            f"RSV{w}": (c - lowest) / (high - lowest + EPSILON),
            f"IMAX{w}": (w - since_high) / w,
            f"IMIN{w}": (w - since_low) / w,
            f"IMXD{w}": (since_low - since_high) / w,
        }
        for name, x, y in (("CORR", c, log_volume), ("CORD", ratio, log_volume_ratio)):
            covariance, std_x, std_y = co_moments(x, y, w)
            with np.errstate(divide="ignore", invalid="ignore"):
                found[f"{name}{w}"] = covariance / (std_x * std_y)
        up, down = mean_std(rises, w)[0], mean_std(falls, w)[0]
        found |= {f"CNTP{w}": up, f"CNTN{w}": down, f"CNTD{w}": up - down}
        found |= share(step, w, "SUM")
        found |= {
            f"VMA{w}": volume_mean / (v + EPSILON),
            f"VSTD{w}": volume_std / (v + EPSILON),
            f"WVMA{w}": weighted_std / (weighted_mean + EPSILON),
        }
        found |= share(volume_step, w, "VSUM")
    return found


def unique(bars: dict[str, Floats], column: str) -> NDArray[np.bool_]:
    """Return the rows whose window has its extreme once, for columns that tell where it is."""
    rows = np.ones(len(bars["high"]), dtype=np.bool_)
    place = re.fullmatch(r"(IMAX|IMIN|IMXD)(\d+)", column)
    if place is None:
        return rows
    w = int(place[2])
    for name, best, used in (("high", np.max, "IMAX"), ("low", np.min, "IMIN")):
        if place[1] in (used, "IMXD"):
            window = sliding_window_view(bars[name], w)
            rows[w - 1 :] &= (window == best(window, axis=1)[:, None]).sum(axis=1) == 1
    return rows


def differing(
    bars: dict[str, Floats], ours: dict[str, Floats], theirs: dict[str, Floats]
) -> list[str]:
    """Return the columns with a value that single precision does not explain.

    qlib computes in single precision. It gives partial windows at the start, where these have
    none: what is compared is where both have a value. Of several equal extremes it names the
    oldest and `extremes` the latest: these rows of the columns with their place are left out.
    """
    found = []
    for name, values in ours.items():
        other = theirs[name].astype(np.float64)
        both = np.isfinite(values) & np.isfinite(other) & unique(bars, name)
        scale = np.median(np.abs(other[both]))
        far = np.abs(values - other)[both] > PRECISION * np.maximum(np.abs(other[both]), scale)
        if far.any():
            found.append(name)
    return found


def main(answer: str, folder: str) -> None:
    panel = [dict(np.load(path)) for path in sorted(Path(folder).glob("*.npz"))]
    stored = {name: values.astype(np.float32) for name, values in panel[0].items()}
    bars = {name: values.astype(np.float64) for name, values in stored.items()}
    found = alpha158(bars)
    theirs = Path(folder) / "alpha158" / "qlib.npz"
    apart = differing(bars, found, dict(np.load(theirs))) if theirs.exists() else None
    spent = []
    for _ in range(REPEATS):
        started = time.process_time()
        for bars in panel:
            alpha158(bars)
        spent.append(time.process_time() - started)
    rows = sum(len(bars["close"]) for bars in panel)
    Path(answer).write_text(
        json.dumps({"columns": len(found), "rows": rows, "cpu": min(spent), "apart": apart})
    )


main(*sys.argv[1:])
