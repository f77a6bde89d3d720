"""The worker's benchmark, `make bench`: measures the real command against the sandbox, in processes of their own.

scenarios   what is measured, one module each
sandbox     serves an account in a process of its own and watches what arrives
accounts    the accounts that are served
programs    runs a program and returns what it took
worker      runs `mogulsync sync`
replay      the bare loop that the worker is compared with, and how it is run
peers       published programs that do the same work
targets     what the project has set itself, and whether it is met
tables      how figures are shown
"""
