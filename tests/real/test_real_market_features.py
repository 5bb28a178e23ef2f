"""The market-wide columns over real listings: each begins after its symbols, then none is missing.

What they say of known days is among `engine.service.real_facts`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from engine.features import assemble

pytestmark = pytest.mark.real


def test_columns_of_a_symbol_begin_after_its_listing(computed):
    def first(feature):
        return computed.market(feature).first_valid_index()

    assert first("xa_corr_spy_vxx_20") > pd.Timestamp("2009-01-30")
    assert first("xa_corr_spy_xlk_20") == pd.Timestamp("2000-01-03")  # the first that is looked at
    assert first("xa_credit_20") > pd.Timestamp("2007-04-11")


def test_after_every_symbol_is_listed_nothing_is_missing_or_infinite(computed):
    market = computed.whole_market
    first, last = np.searchsorted(market.time, np.array(["2009-06-01", "2013-01-01"], "M8[D]"))
    part = market.part(first, last)
    found = assemble.compute("cross_asset", part) | assemble.compute("sector_regime", part)
    recent = pd.DataFrame(found, index=pd.DatetimeIndex(part.time))["2011":]
    assert recent.isna().mean().max() < 0.01
    assert not np.isinf(recent.to_numpy()).any()
