"""`quant options`: one option's implied volatility or Greeks, and a chain of the warehouse."""

from __future__ import annotations

import csv
import math
from typing import Annotated

import typer

from engine.errors import OptionError
from engine.service import terminal
from engine.service.chain import chain
from engine.settings import project_root

_MOST_RATE = 1.0  # a year; more was meant as percent
_MOST_VOLATILITY = 10.0


def _kind(text: str) -> str:
    kind = {"C": "C", "CALL": "C", "P": "P", "PUT": "P"}.get(text.strip().upper())
    if kind is None:
        raise typer.BadParameter(f"{text} is neither C (a call) nor P (a put).")
    return kind


def _rate(value: float) -> float:
    return _fraction(value, _MOST_RATE)


def _volatility(value: float) -> float:
    return _fraction(value, _MOST_VOLATILITY)


def _fraction(value: float, most: float) -> float:
    """Return a fraction, refusing what was meant as percent."""
    if math.isfinite(value) and abs(value) > most:
        raise typer.BadParameter(
            f"{value:g} is {value:,.0%}: write {value / 100:g} for {value:g}%."
        )
    return value


Kind = Annotated[str, typer.Argument(help="C or P.", metavar="C|P", parser=_kind)]
Spot = Annotated[float, typer.Option("--spot", help="Price of the underlying, dollars.")]
Strike = Annotated[float, typer.Option("--strike", help="Dollars.")]
Days = Annotated[float, typer.Option("--days", help="Calendar days to expiry; parts count.")]
Rate = Annotated[
    float, typer.Option("--rate", "-r", help="Continuous, 0.04 for 4%.", callback=_rate)
]
Yield = Annotated[
    float, typer.Option("--yield", "-q", help="Continuous dividend yield.", callback=_rate)
]


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="One option, or one chain, at a time.", no_args_is_help=True)
    group.command("chain")(chain)
    group.command("iv")(iv)
    group.command("greeks")(greeks)
    app.add_typer(group, name="options")


def iv(
    option_type: Kind,
    price: Annotated[float, typer.Option("--price", help="Of the option, dollars.")],
    spot: Spot,
    strike: Strike,
    days: Days,
    rate: Rate = 0.0,
    dividend_yield: Yield = 0.0,
    american: Annotated[
        bool, typer.Option("--american", "-a", help="May be exercised early.")
    ] = False,
    dividend: Annotated[
        list[str] | None,
        typer.Option("--dividend", "-d", help="DAYS:DOLLARS to a cash dividend; American."),
    ] = None,
) -> None:
    """Give the volatility that a price implies."""
    _require_numbers({"--price": price, "--spot": spot, "--strike": strike}, above=True)
    _require_numbers({"--days": days}, above=True)
    _require_numbers({"--rate": rate, "--yield": dividend_yield})
    import numpy as np

    from engine.kernels import american_options as early
    from engine.kernels import black_scholes as bs
    from engine.options.reasons import REASONS

    side = np.array([option_type == "C"], np.int8)
    columns = [np.array([x]) for x in (price, spot, strike, days / 365.0, rate, dividend_yield)]
    if american or dividend:
        cash = [_dividend(text) for text in dividend or []]
        when, amounts = np.array([[d, a] for d, a in cash]).reshape(-1, 2).T
        dividends = early.Dividends.same(1, when / 365.0, amounts)
        worth, spots, strikes, t, r, q = columns
        sigma, code = early.implied_vols(side, worth, spots, strikes, t, r, q, dividends)
    else:
        sigma, code = bs.implied_vols(side, *columns)
    reason = REASONS[int(code[0])]
    if reason is not None:
        least, most = _bounds(option_type, spot, strike, days, rate, dividend_yield)
        if american or dividend:  # cash dividends lower what waiting is worth
            exercise = max(spot - strike if option_type == "C" else strike - spot, 0.0)
            least = exercise if dividend else max(least, exercise)
            most = max(most, spot if option_type == "C" else strike)
        raise OptionError(
            f"No volatility ({reason}): {_meaning(reason)}.", _remedy(reason, price, least, most)
        )
    table = terminal.table()
    table.add_column("implied volatility", justify="right")
    table.add_column("percent", justify="right")
    table.add_row(f"{sigma[0]:.12g}", f"{100 * sigma[0]:.4f}")
    terminal.out().print(table)


def greeks(
    option_type: Kind,
    volatility: Annotated[
        float, typer.Option("--vol", "-v", help="0.2 for 20%.", callback=_volatility)
    ],
    spot: Spot,
    strike: Strike,
    days: Days,
    rate: Rate = 0.0,
    dividend_yield: Yield = 0.0,
) -> None:
    """Give price and Greeks of a European option, a share."""
    _require_numbers({"--spot": spot, "--strike": strike}, above=True)
    _require_numbers({"--days": days, "--vol": volatility}, least=0.0)
    _require_numbers({"--rate": rate, "--yield": dividend_yield})
    import numpy as np

    from engine.kernels import black_scholes as bs

    side = np.array([option_type == "C"], np.int8)
    inputs = (spot, strike, days / 365.0, rate, dividend_yield, volatility)
    columns = [np.array([x]) for x in inputs]
    price = bs.prices(side, *columns)[0]
    if np.isnan(price):
        raise OptionError(
            "No price: spot and strike must be positive, days and volatility not negative.",
            "`quant options greeks --help` gives the units.",
        )
    table = terminal.table()
    table.add_column("")
    table.add_column("value", justify="right")
    table.add_column("unit")
    table.add_row("price", f"{price:.10g}", "dollars")
    for name, value in zip(bs.GREEKS, bs.greeks(side, *columns)[:, 0], strict=True):
        table.add_row(name, f"{value:.10g}", _UNITS[name])
    terminal.out().print(table)


_UNITS = {
    "delta": "per dollar",
    "gamma": "per dollar squared",
    "vega": "per 1.00 of volatility",
    "theta": "per calendar day",
    "rho": "per 1.00 of rate",
    "vanna": "delta per 1.00 of volatility",
    "volga": "vega per 1.00 of volatility",
    "charm": "delta per calendar day",
}


def _require_numbers(
    inputs: dict[str, float], *, above: bool = False, least: float | None = None
) -> None:
    """Require finite numbers, above zero or at least so large, naming the option that is not."""
    for name, value in inputs.items():
        if not math.isfinite(value):
            raise OptionError(f"{name} {value} is no number.", f"Give {name} a finite number.")
        if (above and value <= 0) or (least is not None and value < least):
            bound = "above 0" if above else f"{least:g} or more"
            raise OptionError(f"{name} {value:g} is not {bound}.", f"Give {name} {bound}.")


def _bounds(
    option_type: str, spot: float, strike: float, days: float, rate: float, dividend_yield: float
) -> tuple[float, float]:
    """Return the least and the most that a European option can be worth."""
    t = days / 365.0
    shares, cash = spot * math.exp(-dividend_yield * t), strike * math.exp(-rate * t)
    if option_type == "C":
        return max(shares - cash, 0.0), shares
    return max(cash - shares, 0.0), cash


def _remedy(reason: str, price: float, least: float, most: float) -> str:
    """Return what to do about an input without volatility."""
    if not least < price < most or reason == "sub_tick":
        return (
            f"At these inputs it is worth more than {least:,.6g} and less than {most:,.6g} "
            f"dollars, whatever the volatility; the price is {price:,.6g}."
        )
    if reason == "bad_dividends":
        return "Give --dividend DAYS:DOLLARS once for each, above 0 and in all below the spot."
    return "`quant options iv --help` gives the units."


def _dividend(text: str) -> tuple[float, float]:
    days, _, dollars = text.partition(":")
    try:
        return float(days), float(dollars)
    except ValueError:
        raise typer.BadParameter(f"{text} is not DAYS:DOLLARS, for example 30:0.45.") from None


def _meaning(reason: str) -> str:
    """Return what a reason means."""
    with (project_root() / "seeds" / "reason_codes.csv").open() as handle:
        rows = {row["code"]: row["meaning"] for row in csv.DictReader(handle)}
    return rows[reason]
