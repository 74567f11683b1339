"""An embedded COSI cluster: API server, controller, sidecars and driver in one process, on loopback.

In: a scenario or a dump, and the sidecar policies to play. Out: a kubeconfig and a driver socket that kubectl, the
official client and cosictl itself cannot tell from real ones, as far as it goes; anything else answers 501 by name.
Never here: verdicts (``diagnosis``), decisions about remedies, or any address that is not loopback.
"""
