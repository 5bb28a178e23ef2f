"""Small simulations that the tests of this folder share; each is made once."""

from __future__ import annotations

import pytest
from simulated_market import SESSIONS, UNTIL, Long, Made, long_path

from engine.lake.simulate import simulate
from engine.lake.simulate.model import Law, physical_law


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Return the default scenario with every symbol."""
    root = tmp_path_factory.mktemp("sample")
    return Made(root, simulate(root, sessions=SESSIONS, until=UNTIL))


@pytest.fixture(scope="session")
def law() -> Law:
    """Return the law of motion."""
    return physical_law()


@pytest.fixture(scope="session")
def default_path() -> Long:
    """Return a long path of the default scenario."""
    return long_path("default", 11)
