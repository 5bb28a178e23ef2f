"""quant-engine: a warehouse for researching US ETF stocks and options."""

__version__ = "0.1.0"
