"""
What the service says of itself to operators: logs with an allow-list, metrics with closed labels.

Knows names, labels and formats. Must not know: the domain, and never a patient.
"""
