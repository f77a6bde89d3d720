"""What the operator and the worker share: the resource's models, its names and reasons, the report.

Imports nothing else of mogulsync.
"""
