"""
FHIR on one side, the core's facts on the other: reading resources, and talking to a FHIR server.

Knows the shapes of FHIR R4 JSON, of its notifications and of a server's answers, and how to get
text out of an attachment. Must not know: verdicts, storage, HTTP routes, queues.
"""
