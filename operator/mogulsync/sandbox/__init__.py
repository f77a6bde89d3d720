"""A ChartMogul and an Intercom of its own, made up, over HTTP."""
