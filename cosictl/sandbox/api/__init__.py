"""The API server of a sandbox, held by a test against a recording of a real one.

In: HTTP requests, a clock, faults to have. Out: answers as a real server gives them, and changes for who watches.
Never here: what loops and drivers do with the objects.
"""
