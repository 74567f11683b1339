"""Generated from ``proto/v1alpha1/cosi.proto`` (package ``cosi.v1alpha1``).

In: nothing. Out: ``cosi_pb2`` (messages) and ``cosi_pb2_grpc`` (services). Never here: code written by hand.
"""
