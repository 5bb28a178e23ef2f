"""Charts as pure functions: data in, an ECharts option (a dictionary) out."""
