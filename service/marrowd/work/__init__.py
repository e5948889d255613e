"""
The loops that make things happen: screening, delivery, rechecks, sweeps, Subscriptions.

Knows how work is claimed, carried out, retried and parked, and in what order it is shut down. Must
not know HTTP routes or wire shapes: those belong to `web`, `fhir` and `cds`.
"""
