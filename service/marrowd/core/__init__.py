"""
The decision, pure: vitamin D results, the report reader, the timeline, `screen`, cards as values.

Knows only the standard library and `errors`. Must not know: FHIR, HTTP, storage, clocks, logs.
"""
