"""What cosictl relies on in an API server; run against the sandbox, or against the cluster of a kubeconfig.

``COSICTL_TEST_KUBECONFIG=FILE pytest tests/contract`` takes a cluster that has COSI's CRDs (kind, envtest). The tests
make a namespace and objects with random names of their own, and remove them.
"""
