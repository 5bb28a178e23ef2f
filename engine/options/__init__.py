"""Option physics on whole chains: prices, implied volatilities, Greeks, and reasons."""
