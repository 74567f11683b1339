"""What ``make dist`` puts into ``dist/``: packages, the single-file archive, the krew plugin, checksums.

In: the files of the checkout, as git lists them, and the packages that pip finds for this machine's Python. Out: files
whose bytes depend on nothing else. Never here: anything that the program needs when it runs, but ``boot``, which
becomes the start of the archive.
"""
