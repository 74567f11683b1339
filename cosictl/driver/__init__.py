"""The only room that knows gRPC: what a COSI driver says when it is asked directly.

In: an endpoint (a unix socket) and requests in the words of ``model``. Out: replies, or failures of the same type as
those found in events and statuses, so that one classifier reads them all. Never here: Kubernetes, conclusions,
printing. ``generated/`` holds what protoc made of ``proto/``; nothing but this room imports it.
"""
