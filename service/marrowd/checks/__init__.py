"""
What people get wrong when they install the service, tried one by one, each with how to mend it.

Knows the configuration and everything it points to. Must not know: how remarks are printed, or
anything about a patient. Nothing it asks changes anything on the other side.
"""
