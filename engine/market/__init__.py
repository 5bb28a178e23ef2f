"""Facts about the market: the exchange calendar, symbols, corporate actions."""
