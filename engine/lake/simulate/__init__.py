"""A simulated market with known truth, written as a lake; see `docs/simulator.md`."""

from engine.lake.simulate.run import SCALES, Plan, Summary, simulate
from engine.lake.simulate.scenario import SCENARIOS
from engine.lake.simulate.universe import SYMBOLS

__all__ = ["SCALES", "SCENARIOS", "SYMBOLS", "Plan", "Summary", "simulate"]
