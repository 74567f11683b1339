"""Wordings of connections: gRPC's transport, Go's net and crypto/tls, HTTP clients, resolvers."""

from cosictl.knowledge.message_rule import MessageRule, rule
from cosictl.model.failures import Cause, FixBy

_GRPC = "grpc-go internal/transport"
_NET = "Go package net"
_TLS = "Go packages crypto/tls and crypto/x509"
_HTTP = "Go package net/http"

NET_RULES: tuple[MessageRule, ...] = (
    rule(
        "grpc-too-large",
        r"grpc: (received|trying to send) message larger than max",
        Cause.DRIVER_BUG,
        "grpc: received message larger than max (5 vs. 4)",
        source="grpc-go rpc_util.go",
    ),
    rule(
        "driver-socket-setup",
        r"listen unix .*(permission denied|address already in use|no such file)|bind: address already in use",
        Cause.CONFIG,
        "listen unix /var/lib/cosi/cosi.sock: bind: permission denied",
        source=_NET,
    ),
    rule(
        "driver-socket",
        r"(dial|read|write) unix|error reading from server: |transport is closing|"
        r"waiting for new (LB policy|SubConn)|the client connection is closing|keepalive ping failed|received "
        r"prior goaway",
        Cause.DRIVER_UNREACHABLE,
        "error reading from server: EOF",
        "dial unix /var/lib/cosi/cosi.sock: connect: no such file or directory",
        source=_GRPC,
    ),
    # TLS before plain connections: a handshake error is wrapped in connection errors.
    rule(
        "tls-handshake-cut",
        r"authentication handshake failed: (EOF|read tcp|context deadline|connection reset)",
        Cause.BACKEND_UNREACHABLE,
        "transport: authentication handshake failed: EOF",
        source=_GRPC,
    ),
    rule(
        "tls-handshake-timeout",
        r"TLS handshake timeout",
        Cause.TIMEOUT,
        "net/http: TLS handshake timeout",
        source=_HTTP,
    ),
    rule(
        "tls-not-yet-valid",
        r"not yet valid: current time \S+ is before",
        Cause.TLS,
        "x509: certificate has expired or is not yet valid: current time 2026-05-11T09:14:27Z is before "
        "2026-05-11T09:20:00Z",
        retryable=True,
        source=_TLS,
    ),
    rule(
        "tls",
        r"x509: |\btls: |certificate (signed by unknown|has expired|is not trusted|verify failed|required)|"
        r"authentication handshake failed|self.signed certificate|PKIX path|SSL: CERTIFICATE|certificate verify failed|"
        r"server gave HTTP response to HTTPS client|SSLV3_ALERT|unable to get local issuer",
        Cause.TLS,
        "tls: failed to verify certificate: x509: certificate signed by unknown authority",
        source=_TLS,
    ),
    rule(
        "dns-temporary",
        r"temporary failure in name resolution|server misbehaving|lookup \S+( on \S+)?: .*(i/o timeout|timeout)",
        Cause.BACKEND_UNREACHABLE,
        "dial tcp: lookup s3.example on 10.0.0.10:53: server misbehaving",
        source=_NET,
    ),
    rule(
        "dns",
        r"\bno such host|name or service not known|nodename nor servname|could not resolve host|getaddrinfo "
        r"ENOTFOUND|UnknownHostException|"
        r"network is unreachable|failed to resolve|NXDOMAIN",
        Cause.BACKEND_UNREACHABLE,
        "dial tcp: lookup s3.example on 10.0.0.10:53: no such host",
        retryable=None,
        fix_by=FixBy.ADMIN,
        source=_NET,
    ),
    rule(
        "endpoint-malformed",
        r"unsupported protocol scheme|missing protocol scheme|first path segment in URL|invalid port|"
        r"missing port in address|malformed HTTP response|Endpoint url cannot have|endpoint.{0,20}does not follow|"
        r"invalid URL escape",
        Cause.CONFIG,
        'Put "minio:9000/b": unsupported protocol scheme',
        source=_HTTP,
    ),
    rule(
        "refused",
        r"connection refused|connection reset|\bno route to host|host is (down|unreachable)|broken pipe|"
        r"dial tcp\S* .*i/o timeout|ECONNREFUSED|ECONNRESET|unexpected EOF|server closed (idle )?connection|"
        r"proxyconnect tcp|connection (was )?aborted|could not connect to the endpoint|connection error: desc|"
        r"http2: (client connection (lost|force closed)|server sent GOAWAY)|stream error: stream ID \d+|use of "
        r"closed network connection|remote end closed connection|"
        r"\bno healthy upstream|upstream connect error|\bconnection (timed out|closed)|: EOF\W*$|failed to connect "
        r"to all addresses",
        Cause.BACKEND_UNREACHABLE,
        "dial tcp 10.0.0.1:443: connect: connection refused",
        'Put "http://s3": EOF',
        source=_NET,
    ),
    rule(
        "timeout",
        r"Client\.Timeout exceeded|deadline has elapsed|context deadline exceeded|\bi/o timeout|timed? ?out\b(?! of "
        r"range)|deadline exceeded|"
        r"read timeout|timeout awaiting response|gateway time-?out|operation timeout",
        Cause.TIMEOUT,
        "context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
        source=_HTTP,
    ),
    rule(
        "canceled",
        r"context cancell?ed|operation was cancell?ed|request cancell?ed|^cancell?ed$",
        Cause.TIMEOUT,
        "context canceled",
        source="Go package context",
    ),
)
