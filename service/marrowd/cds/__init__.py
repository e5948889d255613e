"""
CDS Hooks: what the service offers, a call as a checked value, and cards on their way to an EHR.

Knows the wire shapes of CDS Hooks 2.0 and of a posted card, and the drafts that a suggestion makes.
Must not know: storage, the service's own routes, how a verdict comes about.
"""
