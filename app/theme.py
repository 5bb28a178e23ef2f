"""The colours of charts, in one place; `.streamlit/config.toml` has the page's own.

One pair says up and down everywhere. A test keeps both files in step.
"""

from __future__ import annotations

UP = "#34c98e"
DOWN = "#ea4b55"
WARN = "#f5a623"

BLUE = "#4c9aff"
VIOLET = "#b18cff"
SERIES = (BLUE, WARN, VIOLET, UP, DOWN, "#3fc7d6", "#e884c0", "#a3b86c")

BACKGROUND = "#0d1117"
SURFACE = "#161c27"
BORDER = "#2b3342"
GRID = "#1d2430"
TEXT = "#e3e8ef"
MUTED = "#8d97a8"

# Low to high, for heatmaps of how much there is.
SEQUENTIAL = ("#15233a", "#1b4277", "#2667b5", "#4c9aff", "#9bc7ff")

# Below, at and above nothing, for heatmaps of what has a sign.
DIVERGING = ("#b8414c", "#6a2e39", "#1b2230", "#1d5745", "#25966a")

# From the worst to the best of five; the ends are the pair.
ORDERED = (DOWN, WARN, MUTED, BLUE, UP)

MOST_WIDTH = 1800  # pixels
