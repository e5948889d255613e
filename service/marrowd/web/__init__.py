"""
HTTP: routes, limits, authentication, status codes; two listeners, one public, one for operators.

Knows paths, bodies and answers. Must not know: SQL, clinical rules.
"""
