"""quant-engine: a warehouse for researching US ETF stocks and options."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

__version__ = "0.1.0"


def _kernels_hash() -> str:
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted((Path(__file__).parent / "kernels").glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


# Numba's cache looks at the file of the outer function only: a kernel that calls another file's
# would go on with that file's old machine code. So every state of the kernels has its own cache.
os.environ.setdefault(
    "NUMBA_CACHE_DIR",
    str(Path(__file__).resolve().parent.parent / ".cache" / "numba" / _kernels_hash()),
)
