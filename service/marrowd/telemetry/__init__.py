"""
What the service says of itself to operators: logs, metrics and traces, each by closed lists.

Knows names, labels and formats. Must not know: the domain, and never a patient.
"""
