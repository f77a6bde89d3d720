"""ChartMogul's API as this project uses it."""
