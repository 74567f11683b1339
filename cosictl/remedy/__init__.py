"""What may be changed, and under which conditions.

In: what a diagnosis found and what a person asked for. Out: a design that can be shown, pinned by a digest, and checked
again right before anything happens. Never here: reading or writing anything, guesses, or a way around consent.
"""
