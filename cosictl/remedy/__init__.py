"""In: a diagnosis and what somebody wants. Out: a Plan, its digest, and a run that keeps to it.

Planners and guards decide and are pure; the executor does, through ports; backups and journals are files. Never
here: a connection, a terminal, and a step that was not planned, shown and agreed to.
"""
