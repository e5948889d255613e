"""
CDS Hooks: what the service offers, a call as a checked value, and cards as an EHR takes them.

Knows the wire shapes of CDS Hooks 2.0 and of a posted card, and the draft resources of a
suggestion. Must not know: storage, HTTP, how a verdict comes about.
"""
