"""
What the service tells operators about itself: logs, metrics and traces, all from closed lists.

Knows names, labels and formats. Must not know: the domain, let alone a patient.
"""
