"""rediss:// believes a server that shows a certificate for its name, signed by somebody it trusts; else it says why."""

from __future__ import annotations

import pytest
import redis
from redis_fleet import SERVICE, SentinelServer
from tls import Authority, TlsProxy

from jobq.errors import ConfigError, StoreRefused, StoreUnavailable
from jobq.stores import open_store


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def listen(redis_server, redis_url):  # noqa: ARG001 - emptied
    """A factory of ports that speak TLS for the shared server."""
    proxies = []

    def start(certificate, clients=None, port=None):
        proxies.append(TlsProxy(port or redis_server.port, certificate, clients).__enter__())
        return proxies[-1].port

    yield start
    for proxy in proxies:
        proxy.__exit__()


@pytest.fixture
def connect():
    """A factory of stores, closed after the test."""
    stores = []

    def make(url):
        stores.append(open_store(url))
        return stores[-1]

    yield make
    for store in stores:
        store.close()


def trusting(port, certificate, *, host="127.0.0.1", more=""):
    return f"rediss://{host}:{port}/0?ssl_ca_certs={certificate.cert}{more}"


def test_a_certificate_that_is_right_is_believed(listen, connect, authority, new):
    port = listen(authority.signed("right"))
    store = connect(trusting(port, authority.own, host="localhost"))
    assert store.enqueue([new("a")]) == [True]
    assert not store.wait(["other"], 0.01)
    assert store.url == f"rediss://localhost:{port}/0"


WRONG = {
    "expired": (lambda authority: authority.signed("expired", days=-1), "it has expired"),
    "self-signed": (lambda authority: authority.self_signed("alone"), "it is self-signed"),
    "of another host": (
        lambda authority: authority.signed("elsewhere", names="DNS:elsewhere.example"),
        "it is for another (IP address|host name)",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_certificate_is_refused_in_a_sentence(listen, connect, authority, name):
    make, sentence = WRONG[name]
    store = connect(trusting(listen(make(authority)), authority.own))
    with pytest.raises(StoreRefused, match=f"not accepted: {sentence}") as caught:
        store.now()
    assert "\n" not in str(caught.value)


def test_a_wrong_name_is_refused_too(listen, connect, authority):
    port = listen(authority.signed("by-address", names="IP:127.0.0.1"))
    with pytest.raises(StoreRefused, match="it is for another host name"):
        connect(trusting(port, authority.own, host="localhost")).now()
    lax = trusting(port, authority.own, host="localhost", more="&ssl_check_hostname=false")
    assert connect(lax).now()


def test_an_authority_that_nobody_named_is_not_trusted(listen, connect, authority, tmp_path):
    port = listen(authority.signed("unknown"))
    stranger = Authority(tmp_path / "stranger")
    for url in (trusting(port, stranger.own), f"rediss://127.0.0.1:{port}/0"):
        with pytest.raises(
            StoreRefused, match=r"signed by (an authority that is not known|one that is self-signed)"
        ):
            connect(url).now()


@pytest.mark.parametrize("none", ["none", "CERT_NONE"])
def test_who_asks_for_it_believes_anybody(listen, connect, authority, none):
    port = listen(authority.signed("lax", names="DNS:elsewhere.example", days=-1))
    assert connect(f"rediss://127.0.0.1:{port}/0?ssl_cert_reqs={none}").now()


def test_a_server_may_ask_for_a_certificate(listen, connect, authority):
    port = listen(authority.signed("strict"), clients=authority.own)
    mine = authority.signed("client")
    own = f"&ssl_certfile={mine.cert}&ssl_keyfile={mine.key}"
    assert connect(trusting(port, authority.own, more=own)).now()
    with pytest.raises(StoreRefused, match="asks for a certificate: ssl_certfile and ssl_keyfile"):
        connect(trusting(port, authority.own)).now()


def test_a_server_that_speaks_no_tls_is_told_apart(redis_server, connect):
    with pytest.raises(StoreUnavailable):  # it waits for the end of a line that never comes, or hangs up
        connect(f"rediss://127.0.0.1:{redis_server.port}/0").now()


def test_files_that_can_not_be_used_are_named(tmp_path, authority):
    empty = tmp_path / "empty.pem"
    empty.write_text("")
    url = "rediss://localhost/0"
    with pytest.raises(ConfigError, match=r"ssl_ca_certs=.*no.pem .*can't be read: No such file"):
        open_store(f"{url}?ssl_ca_certs={tmp_path}/no.pem")
    with pytest.raises(ConfigError, match=r"ssl_ca_certs=.*empty.pem .*can't be used: "):
        open_store(f"{url}?ssl_ca_certs={empty}")
    with pytest.raises(ConfigError, match=r"ssl_certfile=.* can't be (used|read)"):
        open_store(f"{url}?ssl_certfile={authority.own.cert}&ssl_keyfile={empty}")
    with pytest.raises(ConfigError, match="give that as ssl_certfile"):
        open_store(f"{url}?ssl_keyfile={authority.own.key}")


def test_sentinels_and_the_master_speak_tls_alike(listen, connect, authority, new_redis_server, new):
    master = new_redis_server()
    certificate = authority.signed("fleet")
    sentinel = new_redis_server(SentinelServer, port_of_master=listen(certificate, port=master.port))
    front = f"rediss+sentinel://127.0.0.1:{listen(certificate, port=sentinel.port)}/{SERVICE}/0"
    store = connect(f"{front}?ssl_ca_certs={authority.own.cert}&ns=shop")
    assert store.enqueue([new("a")]) == [True]
    with redis.Redis.from_url(master.url) as client:
        assert client.exists("{shop}:job:a")
    with pytest.raises(StoreRefused, match="not accepted: it is signed by"):
        connect(front).now()
