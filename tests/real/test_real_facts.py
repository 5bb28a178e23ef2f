"""Public facts of two decades are what the features say, from the vendor's bars to the column."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from engine.service.real_facts import FACTS, outcome

pytestmark = pytest.mark.real


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.sentence)
def test_the_features_say_so(fact, computed, vendor):
    found = outcome(fact, computed, vendor)
    assert found.holds, f"the features say {found.seen}, known is {found.told}"


def test_the_panels_returns_are_those_of_a_holder_who_was_paid_the_dividends(computed, vendor):
    for symbol, bars in computed.bars.items():
        returns = pd.Series(np.log(bars.close), bars.time).diff()
        apart = (returns - vendor.returns(symbol)).abs()
        assert apart.max() < 1e-12, symbol
