"""Pieces that the charts share: axes, tool tips and grids in the app's colours."""

from __future__ import annotations

from typing import Any

from app import theme

Option = dict[str, Any]

TOOLTIP: Option = {
    "backgroundColor": theme.SURFACE,
    "borderColor": theme.BORDER,
    "textStyle": {"color": theme.TEXT, "fontSize": 12},
    "confine": True,
}


def tooltip(trigger: str = "axis", **more: Any) -> Option:
    """Return a tool tip that is triggered by "axis" or "item"."""
    return {**TOOLTIP, "trigger": trigger, **more}


def category(**more: Any) -> Option:
    """Return a category axis."""
    label = {"color": theme.MUTED, "fontSize": 11, **more.pop("axisLabel", {})}
    return {
        "type": "category",
        "axisLine": {"lineStyle": {"color": theme.BORDER}},
        "axisTick": {"show": False},
        "splitLine": {"show": False},
        "axisLabel": label,
        **more,
    }


def value(**more: Any) -> Option:
    """Return a value axis."""
    label = {"color": theme.MUTED, "fontSize": 11, **more.pop("axisLabel", {})}
    return {
        "type": "value",
        "axisLine": {"show": False},
        "axisTick": {"show": False},
        "splitLine": {"lineStyle": {"color": theme.GRID}},
        "axisLabel": label,
        **more,
    }


def grid(**more: Any) -> Option:
    """Return a grid that leaves room for its labels."""
    return {"left": 8, "right": 12, "top": 12, "bottom": 4, "containLabel": True, **more}


def legend(**more: Any) -> Option:
    """Return a legend above the chart."""
    return {
        "top": 0,
        "itemWidth": 14,
        "itemHeight": 9,
        "textStyle": {"color": theme.MUTED, "fontSize": 12},
        **more,
    }


def named(title: str, gap: int = 28) -> Option:
    """Return what names an axis, centred along it."""
    return {
        "name": title,
        "nameLocation": "middle",
        "nameGap": gap,
        "nameTextStyle": {"color": theme.MUTED, "fontSize": 11},
    }
