"""
How long a test waits for what has to come.

On a busy machine a thread may not run for many seconds. Only a defect is meant to use this up, so
it is far longer than anything takes; what has to end early is given a time of its own.
"""

PATIENCE_S = 60.0
