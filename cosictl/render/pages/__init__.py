"""Pages, as ``explain`` shows them and as they ship: text for a terminal, Markdown for a code host, roff for ``man``.

In: pages, and for Markdown and roff where other pages are. Out: lines on a stream, or the text of a file. Never here:
what a page says, which files there are, and I/O other than the stream handed in.
"""
