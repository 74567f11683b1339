"""What is known about COSI, as rows: each says one fact and cites where it was read or measured.

In: nothing but the nouns of ``model``. Out: tables (policies, images, gRPC and backend codes, message patterns,
finalizers, annotations, the catalogue of stuck situations), and lookups in them. Never here: objects of a cluster,
verdicts about them, I/O, clocks. A new release of COSI changes rows, not branches.

Versions are cited by tag (``v0.2.2``) or commit (``main ee00c269``); ``later main`` stands for the file versions
and pull requests of May to September 2026.
"""
