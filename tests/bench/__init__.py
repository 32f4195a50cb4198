"""What is fast and against what (`make bench`): a hot path and its floor, in one run, on one machine.

A hot path is one file in this folder with `PATHS`, a list of `HotPath`; nothing else has to be told. Both sides of a
path are measured in turn, round by round, on a throw-away cluster that waits for its disk like a real one; the ratio
counts, of medians, with its spread over the rounds. The table goes to standard output, the figures to `var/bench.json`.
"""
