"""Use-cases: one short function each, a sequence of steps whose ports are passed in.

In: a port that reads (a cluster or files), and what was asked for. Out: model nouns and rows ready to be rendered.
Never here: printing, options, a connection, a decision about what an object's state means.
"""
