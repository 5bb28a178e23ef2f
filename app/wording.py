"""Numbers, ages and lists as people read them."""

from __future__ import annotations

import datetime as dt

_UNITS = ((1e9, "B"), (1e6, "M"), (1e3, "k"))


def count(value: float | None) -> str:
    """Return a count in at most four figures.

    Examples
    --------
    >>> count(9999), count(13_245_000), count(None)
    ('9,999', '13.2 M', '–')
    """
    if value is None:
        return "–"
    if abs(value) < 10_000:
        return f"{value:,.0f}"
    scale, unit = next((pair for pair in _UNITS if abs(value) >= pair[0]), (1.0, ""))
    scaled = value / scale
    digits = 0 if abs(scaled) >= 100 else 1
    return f"{scaled:,.{digits}f} {unit}"


def age(seconds: float | None) -> str:
    """Return a time span in its largest unit.

    Examples
    --------
    >>> age(14), age(3 * 3600), age(2.5 * 86400), age(400 * 86400)
    ('14 s', '3 h', '2 days', '13 months')
    """
    if seconds is None:
        return "–"
    seconds = max(0.0, seconds)
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    if seconds < 36 * 3600:
        return f"{seconds / 3600:.0f} h"
    days = int(seconds // 86400)
    if days < 60:
        return f"{days} days" if days != 1 else "1 day"
    if days < 730:
        return f"{days / 30.44:.0f} months"
    return f"{days / 365.25:.1f} years"


def duration(seconds: float | None) -> str:
    """Return how long something took.

    Examples
    --------
    >>> duration(0.24), duration(47.3), duration(200)
    ('0.24 s', '47.3 s', '3 min 20 s')
    """
    if seconds is None:
        return "–"
    if seconds < 10:
        return f"{seconds:.2f} s"
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds // 60:.0f} min {seconds % 60:.0f} s"


def share(part: float | None, whole: float | None) -> str:
    """Return a part of a whole as a percentage; never rounded to none or to all of it.

    Examples
    --------
    >>> share(1, 3), share(1, 1_000_000), share(0, 5), share(999_999, 1_000_000)
    ('33.3%', '<0.1%', '0%', '>99.9%')
    """
    if not whole or part is None:
        return "–"
    value = 100 * part / whole
    if value in (0, 100):
        return f"{value:.0f}%"
    if value < 0.1:
        return "<0.1%"
    if value > 99.9:
        return ">99.9%"
    return f"{value:.1f}%"


def number(value: float | None, digits: int = 4) -> str:
    """Return a number in so many significant figures.

    Examples
    --------
    >>> number(0.0123456), number(-1234.5678), number(None)
    ('0.01235', '-1,235', '–')
    """
    if value is None:
        return "–"
    text = f"{value:,.{digits}g}" if abs(value) < 1e15 else f"{value:.{digits}g}"
    return f"{value:,.0f}" if "e+" in text and abs(value) < 1e9 else text


def percent(value: float | None, digits: int = 1) -> str:
    """Return a fraction as a percentage, such as a volatility.

    Examples
    --------
    >>> percent(0.1834), percent(None)
    ('18.3%', '–')
    """
    return "–" if value is None else f"{100 * value:.{digits}f}%"


def points(value: float | None) -> str:
    """Return a difference of volatilities in points, with its sign.

    Examples
    --------
    >>> points(-0.0213), points(None)
    ('-2.13', '–')
    """
    return "–" if value is None else f"{100 * value:+.2f}"


def dollars(value: float | None) -> str:
    """Return an amount of dollars in at most four figures.

    Examples
    --------
    >>> dollars(-1_234_567_890), dollars(512.4), dollars(None)
    ('-$1.2 B', '$512', '–')
    """
    return "–" if value is None else f"{'-' * (value < 0)}${count(abs(value))}"


def instant(value: dt.datetime | None) -> str:
    """Return an instant in UTC, to the minute."""
    return "–" if value is None else f"{value.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC"


def parse_instant(text: str | None) -> dt.datetime | None:
    """Return the instant that a text names, in UTC; None for none."""
    if not text:
        return None
    value = dt.datetime.fromisoformat(text)
    return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)
