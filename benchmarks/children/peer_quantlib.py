"""Peer: QuantLib's QdFp engine, fast scheme, solved for the volatility by Brent's method in a loop.

The market objects are made once and their quotes set, the fastest way to use it from Python.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import QuantLib as ql  # noqa: N813
from scipy.optimize import brentq

CALLS = 300


def main(answer, folder):
    data = dict(np.load(Path(folder) / "american.npz"))
    today = ql.Date(2, 1, 2026)
    ql.Settings.instance().evaluationDate = today
    days = ql.Actual365Fixed()
    spot, sigma = ql.SimpleQuote(100.0), ql.SimpleQuote(0.2)
    carry = [
        ql.YieldTermStructureHandle(ql.FlatForward(today, float(data[name][0]), days))
        for name in ("q", "r")
    ]
    smile = ql.BlackConstantVol(today, ql.NullCalendar(), ql.QuoteHandle(sigma), days)
    process = ql.BlackScholesMertonProcess(
        ql.QuoteHandle(spot), *carry, ql.BlackVolTermStructureHandle(smile)
    )
    pricer = ql.QdFpAmericanEngine(process, ql.QdFpAmericanEngine.fastScheme())
    count = min(CALLS, len(data["price"]))
    found = np.empty(count)
    prices = 0
    started = time.process_time()
    for i in range(count):
        kind = ql.Option.Call if data["side"][i] == 1 else ql.Option.Put
        option = ql.VanillaOption(
            ql.PlainVanillaPayoff(kind, float(data["strike"][i])),
            ql.AmericanExercise(today, today + round(float(data["t"][i]) * 365)),
        )
        option.setPricingEngine(pricer)
        target = float(data["price"][i])

        def gap(value, option=option, target=target):
            nonlocal prices
            prices += 1
            sigma.setValue(value)
            return option.NPV() - target

        found[i] = brentq(gap, 0.02, 2.0, xtol=1e-6, rtol=1e-6)
    spent = time.process_time() - started
    error = float(np.max(np.abs(found - data["sigma"][:count])))
    Path(answer).write_text(
        json.dumps({"iv": count / spent, "error": error, "prices": prices / count})
    )


main(*sys.argv[1:])
