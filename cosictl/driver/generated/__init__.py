"""What protoc made of ``proto/``: one package per API version of the COSI wire contract.

In: nothing. Out: messages, client stubs and servicer bases. Never here: a line written by hand, apart from the
docstrings. Regenerate with ``make stubs``; a test compares these files with a fresh run.
"""
