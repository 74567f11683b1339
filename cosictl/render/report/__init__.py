"""A report for others: a page for a browser, and text for a ticket.

In: an account, whole. Out: characters on the stream handed in, ever the same for the same account. Never here:
verdicts, clocks, scripts, addresses on the network, and text from a cluster that was not escaped first.
"""
