"""mogulsync keeps Intercom contacts supplied with ChartMogul's customer data, from Kubernetes."""

__version__ = "0.2.0"
