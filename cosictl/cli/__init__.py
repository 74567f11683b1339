"""The command line: options, one file per verb, and the wiring of ports.

In: the words a person typed. Out: data on stdout, everything else on stderr, and an exit code. Never here: what an
object's state means, how anything is decoded or laid out; a command is options, a flow, a rendering and an exit. The
only room that knows ``typer``. Heavy libraries are imported inside functions, so that ``--help``, completion and
every offline command stay light and never load ``kubernetes`` or ``grpc``.
"""
