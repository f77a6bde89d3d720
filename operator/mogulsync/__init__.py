"""mogulsync keeps Intercom contacts supplied with ChartMogul's customer data, from Kubernetes."""

__version__ = "0.1.0"
