"""
Vocabulary, codes and policies as reviewable data files, and their version.

Knows its own TOML files. Must not know: anything else that does I/O.
"""
