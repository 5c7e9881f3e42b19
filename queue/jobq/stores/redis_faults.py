"""What redis-py says when a verb fails, told as this package's errors.

Three kinds. The server is away, or refuses for now (it is full, loading, a replica, short of replicas): an outage
like any other, `StoreUnavailable`. It refuses until somebody changes something (user, password, permissions, a
certificate, the number of a database, a key of another type): `StoreRefused`, which is an outage to whoever runs
already and a mistake to whoever starts. Anything
else is a mistake in this program, and stays as it is.

The library's own errors are not chained to these: the sentence says it all, and what the library shows of its
connections has had passwords in it.
"""

from __future__ import annotations

import re

import redis

from jobq.errors import StoreRefused, StoreUnavailable

# The reason comes first, except that 6.2 wraps it when it arose within a script: "Error running script (...): -OOM".
_NOT_NOW = re.compile(
    r"(?:^|: ?-|^-)"
    r"(OOM|LOADING|MASTERDOWN|MISCONF|READONLY|CLUSTERDOWN|TRYAGAIN|NOREPLICAS|BUSY|UNBLOCKED)\b"
)
_WAIT_AT_REPLICA = "WAIT cannot be used with replica"
# The client library takes the name off these.
_REFUSALS = (
    redis.exceptions.BusyLoadingError,
    redis.exceptions.ClusterDownError,
    redis.exceptions.MasterDownError,
    redis.exceptions.OutOfMemoryError,
    redis.exceptions.ReadOnlyError,
    redis.exceptions.TryAgainError,
)
# Within a script, in the words of 6.2 to 7.0 and of what came later.
_NO_PERMISSION = re.compile(r"\bNOPERM\b|The user executing the script can't |ACL failure in script")

# In the words of `demand` in lib.lua, else in the server's.
_WRONG_KEY = re.compile(r"WRONGTYPE of the key (.*) \([A-Z]+\)")
_NO_DATABASE = re.compile(r"DB index is out of range|SELECT is not allowed in cluster mode")
_NO_SENTINEL = re.compile(r"unknown command .SENTINEL\b", re.IGNORECASE)

# How OpenSSL says that a certificate is not accepted, in the words of all its versions.
_VERIFY_FAILED = re.compile(r"certificate verify failed: (.*?)(?: \(_ssl\.c:\d+\)|$)")
_CERTIFICATE = {
    "not yet valid": "it is not valid yet",
    "has expired": "it has expired",
    "in certificate chain": "it is signed by one that is self-signed; ssl_ca_certs names those to trust",
    "self.signed": "it is self-signed; ssl_ca_certs names those to trust",
    "issuer certificate": "it is signed by an authority that is not known here; ssl_ca_certs names those to trust",
    "Hostname mismatch": "it is for another host name",
    "IP address mismatch": "it is for another IP address",
}
_TLS = {
    "WRONG_VERSION_NUMBER": "does not speak TLS; its URL starts with redis, not rediss",
    "RECORD_LAYER_FAILURE": "does not speak TLS; its URL starts with redis, not rediss",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "asks for a certificate: ssl_certfile and ssl_keyfile of the URL",
    "TLSV1_ALERT_UNKNOWN_CA": "does not trust the certificate that ssl_certfile names",
}


def fault_of(error: redis.exceptions.RedisError, where: str) -> StoreUnavailable | None:
    """The error to raise instead of redis-py's; None if that says what is wrong with this program."""
    store = f"the store at {where}"
    if refused := _tls_fault(str(error)) or _refusal(error):
        return StoreRefused(f"{store} {refused}")
    if isinstance(error, _REFUSALS) or _NOT_NOW.search(str(error)) or is_read_only(error):
        return StoreUnavailable(f"{store} refuses for now: {error}")
    if isinstance(error, redis.exceptions.ConnectionError | redis.exceptions.TimeoutError):
        return StoreUnavailable(f"{store} does not answer: {error}")
    return None


def is_read_only(error: redis.exceptions.RedisError) -> bool:
    """Whether it is a replica that answered, in whatever words."""
    said = str(error)
    return isinstance(error, redis.exceptions.ReadOnlyError) or "READONLY" in said or _WAIT_AT_REPLICA in said


def _refusal(error: redis.exceptions.RedisError) -> str | None:  # noqa: PLR0911 - one for each kind of refusal
    said = str(error)
    if isinstance(error, redis.exceptions.AuthenticationError):
        return f"refuses the user and password of its URL, or their lack: {said}"
    if isinstance(error, redis.exceptions.InvalidResponse):
        return f"does not speak as a Redis does: {said}"
    if isinstance(error, redis.exceptions.NoPermissionError) or _NO_PERMISSION.search(said):
        return f"does not permit its user what is needed: {said}"
    if key := _WRONG_KEY.search(said):
        return f"has something of another type at the key {key[1]}; nothing is done until that is removed"
    if "WRONGTYPE" in said:
        return f"has something of another type at a key: {said}"
    if _NO_DATABASE.search(said):
        return f"has no database of the number in its URL: {said}"
    if _NO_SENTINEL.search(said):
        return "is no Sentinel; the URL of a Redis itself starts with redis:// or rediss://"
    return None


def _tls_fault(said: str) -> str | None:
    if verify := _VERIFY_FAILED.search(said):
        why = next((words for sign, words in _CERTIFICATE.items() if re.search(sign, verify[1])), verify[1])
        return f"shows a certificate that is not accepted: {why}"
    return next((words for sign, words in _TLS.items() if sign in said), None)
