"""
The command line: commands, exit codes, printing.

Knows what a person types and reads. Must not know: how anything is done.
"""
