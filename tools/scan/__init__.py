"""Scanners over what is installed: rendered chart, the CronJob and Job that the operator makes, image, code, locks."""
