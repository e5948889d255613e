"""
FHIR on one side, the core's facts on the other: reading resources, and talking to a FHIR server.

Knows the shapes of FHIR R4 JSON, of its notifications and of a server's answers, and how text is
got out of an attachment. Must not know: verdicts, storage, HTTP routes, queues.
"""
