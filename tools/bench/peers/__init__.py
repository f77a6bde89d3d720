"""Published programs that do the same work, each in a virtual environment of its own.

The drivers beside this file run inside those environments, so they import nothing of ours.
"""
