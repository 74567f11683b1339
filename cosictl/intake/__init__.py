"""Intake: bytes of an API server or of files become one version-neutral ``Snapshot``.

In: JSON as the API server answers it, files as people keep them, failure texts. Out: model nouns with every
credential masked, the list of what could not be read or decoded, and our own dump format. Never here:
conclusions of any kind (intake copies, diagnosis concludes), network connections, clocks, printing, any
import but model, errors, msgspec and, only where YAML is read, yaml.
"""
