from __future__ import annotations

from pathlib import Path

import pytest
from finished_build import Build, make_build


@pytest.fixture
def build(tmp_path: Path) -> Build:
    return make_build(tmp_path)
