"""
The demonstration: a synthetic year at a stand-in EHR, sent to the real service.

Knows made-up patients, a FHIR server in memory and how to print what came of it. Must not know how
the service decides: it posts notifications, takes cards and calls hooks, as an EHR would.
"""
