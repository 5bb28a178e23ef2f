"""Peer: antropy, window by window, for the columns of `entropy` that have it as their oracle.

It has no rolling functions; a user calls it once a window. Some windows of one symbol are enough
to know what one costs.
"""

import json
import sys
import time
from pathlib import Path

import antropy
import numpy as np

WINDOWS = 150


def functions() -> dict[str, tuple[int, object]]:
    """Return window and call per column of `entropy`."""
    made: dict[str, tuple[int, object]] = {}
    for w in (60, 120, 252):
        made[f"ent_sampen_{w}"] = (w, antropy.sample_entropy)
        made[f"ent_lz_{w}"] = (w, lambda x: antropy.lziv_complexity(x > 0, normalize=True))
    for w in (60, 120):
        made[f"ent_apen_{w}"] = (w, antropy.app_entropy)
        made[f"ent_svd_{w}"] = (w, antropy.svd_entropy)
    for w in (20, 60, 120, 252):
        made[f"ent_perm3_{w}"] = (w, lambda x: antropy.perm_entropy(x, order=3))
    for w in (120, 252):
        made[f"ent_perm4_{w}"] = (w, lambda x: antropy.perm_entropy(x, order=4))
    made["ent_perm5_252"] = (252, lambda x: antropy.perm_entropy(x, order=5))
    for w in (64, 128):
        made[f"ent_spectral_{w}"] = (w, lambda x: antropy.spectral_entropy(x, 1.0, "fft"))
    return made


def main(answer: str, folder: str) -> None:
    close = np.load(min(Path(folder).glob("*.npz")))["close"]
    returns = np.diff(np.log(close))
    found = {}
    for name, (w, function) in functions().items():
        ends = np.linspace(w, len(returns), min(WINDOWS, len(returns) - w)).astype(int)
        function(returns[:w])  # its kernels compile at the first call
        started = time.process_time()
        for end in ends:
            function(returns[end - w : end])
        found[name] = 1e9 * (time.process_time() - started) / len(ends)
    Path(answer).write_text(json.dumps({"windows": WINDOWS, "nanoseconds_by_column": found}))


main(*sys.argv[1:])
