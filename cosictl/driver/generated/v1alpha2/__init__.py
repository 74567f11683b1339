"""Generated from ``proto/v1alpha2/cosi.proto`` (package ``sigs.k8s.io.cosi.v1alpha2``).

In: nothing. Out: ``cosi_pb2`` (messages) and ``cosi_pb2_grpc`` (services). Never here: code written by hand.
"""
