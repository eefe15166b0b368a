"""Signatures, the schedule, and where messages may go; no server is asked."""

import base64
from datetime import timedelta

import pytest

from kit.errors import InvalidInput
from marketplace.webhooks import signing
from marketplace.webhooks.rules import (
    ATTEMPTS_MAX,
    BODY_BYTES_MAX,
    PAUSES,
    is_denied,
    is_gone,
    is_success,
    message,
    pause_after,
    target_of,
)

# The vector that Standard Webhooks' own libraries are tested with.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE_ID, TIMESTAMP = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def signed(*keys: bytes) -> dict[str, str]:
    return signing.headers(keys, message_id=MESSAGE_ID, timestamp=TIMESTAMP, body=BODY)


def test_signature_is_the_standards() -> None:
    """The published vector comes out."""
    assert (
        signing.sign(
            signing.read_secret(SECRET), message_id=MESSAGE_ID, timestamp=TIMESTAMP, body=BODY
        )
        == SIGNATURE
    )
    assert signing.shown_secret(signing.read_secret(SECRET)) == SECRET
    assert 24 <= len(signing.new_secret()) <= 64
    with pytest.raises(ValueError, match="begins with"):
        signing.read_secret(base64.b64encode(b"x" * 32).decode())


def test_receiver_takes_what_is_signed_and_nothing_else() -> None:
    """A receiver refuses another body, another id, another secret, an old message, and headers that are not there."""
    headers = signed(signing.read_secret(SECRET))
    assert signing.verify(SECRET, headers, BODY, now_seconds=TIMESTAMP + 300)
    assert not signing.verify(SECRET, headers, BODY, now_seconds=TIMESTAMP + 301)
    assert not signing.verify(SECRET, headers, BODY, now_seconds=TIMESTAMP - 301)
    assert not signing.verify(SECRET, headers, BODY + b" ", now_seconds=TIMESTAMP)
    assert not signing.verify(
        SECRET, headers | {"webhook-id": "msg_other"}, BODY, now_seconds=TIMESTAMP
    )
    other = signing.shown_secret(signing.new_secret())
    assert not signing.verify(other, headers, BODY, now_seconds=TIMESTAMP)
    for name in headers:
        less = {key: value for key, value in headers.items() if key != name}
        assert not signing.verify(SECRET, less, BODY, now_seconds=TIMESTAMP)
    late = headers | {"webhook-timestamp": "soon"}
    assert not signing.verify(SECRET, late, BODY, now_seconds=TIMESTAMP)


def test_rotation_satisfies_old_and_new_receivers() -> None:
    """While a secret is replaced, one message convinces who has the old and who has the new."""
    old, new = signing.new_secret(), signing.new_secret()
    headers = signed(new, old)
    assert len(headers["webhook-signature"].split(" ")) == 2
    for secret in (old, new):
        assert signing.verify(signing.shown_secret(secret), headers, BODY, now_seconds=TIMESTAMP)


def test_schedule_is_the_standards() -> None:
    """At once, then 5 s, 5 min, 30 min, 2, 5, 10, 14, 20, 24 h, each up to a tenth longer or shorter; then never."""
    seconds = [int(pause.total_seconds()) for pause in PAUSES]
    assert seconds == [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]
    for attempt, pause in enumerate(PAUSES, start=1):
        assert pause_after(attempt, chance=0.0) == pause * 0.9
        assert pause_after(attempt, chance=1.0) == pause * 1.1
    assert pause_after(ATTEMPTS_MAX, chance=0.5) is None
    assert sum(PAUSES, timedelta()) < timedelta(days=4)


def test_answers() -> None:
    """2xx is success; a redirection is not; 410 means never again."""
    assert [
        status for status in (None, 199, 200, 204, 299, 300, 302, 410, 500) if is_success(status)
    ] == [
        200,
        204,
        299,
    ]
    assert is_gone(410)
    assert not is_gone(404)


def test_large_messages_point_to_the_feed() -> None:
    """No message reaches 20 kB; what would is left to the change feed, by its id."""
    small = message("x", "t", {"a": 1}, event_id="e")
    assert small == b'{"data":{"a":1},"timestamp":"t","type":"x"}'
    large = message("x", "t", {"a": "x" * BODY_BYTES_MAX}, event_id="e")
    assert len(large) < BODY_BYTES_MAX
    assert b'"event_id":"e"' in large


@pytest.mark.parametrize(
    "url",
    [
        "http://receiver.example/hook",
        "https://receiver.example:80/",
        "https://receiver.example:22/",
        "ftp://receiver.example/",
        "https://user:password@receiver.example/",
        "https://receiver.example@10.0.0.1/",
        "https://receiver.example/#fragment",
        "https://receiver.example\\@10.0.0.1/",
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://0x7f.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://localhost/",
        "https://intranet/",
        "https://receiver。example/",
        "https://ⓛocalhost.example/",
        "https://receiver.example /",
        "https://receiver.example\n/",
        "https://receiver.example:https/",
        "https://.example/",
        "https://receiver..example/",
        "https://receiver.example./",
        "https://-x.example/",
        "https:///path",
        "//receiver.example/",
        "receiver.example",
        "file:///etc/passwd",
        "gopher://receiver.example:443/",
        "https://receiver.example/" + "x" * 500,
    ],
)
def test_address_is_refused(url: str) -> None:
    """Whatever is not plainly a public https address by name is refused, and says which field."""
    with pytest.raises(InvalidInput) as refusal:
        target_of(url, loopback=False)
    assert refusal.value.context["field"] == "url"


def test_address_is_taken_apart() -> None:
    """Host in small letters, port, path and query; plain http only to this machine and only where allowed."""
    target = target_of("https://Receiver.Example:8443/hook?a=1", loopback=False)
    assert (target.host, target.port, target.path) == ("receiver.example", 8443, "/hook?a=1")
    assert target_of("https://receiver.example", loopback=False).path == "/"
    assert target_of("http://127.0.0.1:9/x", loopback=True).port == 9
    for url in ("http://127.0.0.1:9/x", "http://10.0.0.1/"):
        with pytest.raises(InvalidInput):
            target_of(url, loopback=url.startswith("http://10"))


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.255.255",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.8",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "3fff::1",
        "fc00::1",
        "fd12::1",
        "fe80::1",
        "fe80::1%eth0",
        "2606:4700::1%eth0",
        "fec0::1",
        "ff02::1",
        "not an address",
        "",
    ],
)
def test_address_is_denied(address: str) -> None:
    """No message goes to what is not plainly the public internet, the spellings that `is_global` lets by included."""
    assert is_denied(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "223.5.5.5", "2606:4700::1111", "2400:3200::1"]
)
def test_public_address_passes(address: str) -> None:
    """The public internet is reached."""
    assert not is_denied(address)
