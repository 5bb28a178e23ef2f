"""`quant options`: one option's implied volatility or Greeks, without a warehouse."""

from __future__ import annotations

import csv
from enum import StrEnum
from typing import Annotated

import typer

from engine.errors import OptionError
from engine.service import terminal
from engine.settings import project_root


class OptionType(StrEnum):
    """Call or put."""

    C = "C"
    P = "P"


Kind = Annotated[OptionType, typer.Argument(help="C or P.", case_sensitive=False)]
Spot = Annotated[float, typer.Option("--spot", help="Price of the underlying, dollars.")]
Strike = Annotated[float, typer.Option("--strike", help="Dollars.")]
Days = Annotated[float, typer.Option("--days", help="Calendar days to expiry; parts count.")]
Rate = Annotated[float, typer.Option("--rate", "-r", help="Continuous, 0.04 for 4%.")]
Yield = Annotated[float, typer.Option("--yield", "-q", help="Continuous dividend yield.")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="One option at a time.", no_args_is_help=True)
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
    import numpy as np

    from engine.kernels import black_scholes as bs
    from engine.options import american as early
    from engine.options.reasons import REASONS

    side = np.array([option_type is OptionType.C], np.int8)
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
        meaning, remedy = _meaning(reason)
        raise OptionError(f"No volatility ({reason}): {meaning}.", f"{remedy}.")
    table = terminal.table()
    table.add_column("implied volatility", justify="right")
    table.add_column("percent", justify="right")
    table.add_row(f"{sigma[0]:.12g}", f"{100 * sigma[0]:.4f}")
    terminal.out().print(table)


def greeks(
    option_type: Kind,
    volatility: Annotated[float, typer.Option("--vol", "-v", help="0.2 for 20%.")],
    spot: Spot,
    strike: Strike,
    days: Days,
    rate: Rate = 0.0,
    dividend_yield: Yield = 0.0,
) -> None:
    """Give price and Greeks of a European option, a share."""
    import numpy as np

    from engine.kernels import black_scholes as bs

    side = np.array([option_type is OptionType.C], np.int8)
    inputs = (spot, strike, days / 365.0, rate, dividend_yield, volatility)
    columns = [np.array([x]) for x in inputs]
    price = bs.prices(side, *columns)[0]
    if np.isnan(price):
        raise OptionError(
            "No price: spot and strike must be positive, days and volatility not negative.", ""
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


def _dividend(text: str) -> tuple[float, float]:
    days, _, dollars = text.partition(":")
    try:
        return float(days), float(dollars)
    except ValueError:
        raise typer.BadParameter(f"{text} is not DAYS:DOLLARS, for example 30:0.45.") from None


def _meaning(reason: str) -> tuple[str, str]:
    """Return what a reason means and what to do about it."""
    with (project_root() / "seeds" / "reason_codes.csv").open() as handle:
        rows = {row["code"]: row for row in csv.DictReader(handle)}
    return rows[reason]["meaning"], rows[reason]["remedy"]
