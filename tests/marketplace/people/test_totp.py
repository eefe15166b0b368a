"""Time-based codes: the vectors of RFC 4226 (appendix D) and RFC 6238 (appendix B), and the window around now."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from marketplace.organisations import totp

_SECRET = b"12345678901234567890"
_HOTP = (
    "755224",
    "287082",
    "359152",
    "969429",
    "338314",
    "254676",
    "287922",
    "162583",
    "399871",
    "520489",
)
#: RFC 6238, appendix B: seconds, and the eight-digit codes by SHA-1, SHA-256 and SHA-512.
_TOTP = (
    (59, "94287082", "46119246", "90693936"),
    (1111111109, "07081804", "68084774", "25091201"),
    (1111111111, "14050471", "67062674", "99943326"),
    (1234567890, "89005924", "91819424", "93441116"),
    (2000000000, "69279037", "90698825", "38618901"),
    (20000000000, "65353130", "77737706", "47863826"),
)
_SEED = b"1234567890" * 7


@pytest.mark.parametrize(("counter", "code"), list(enumerate(_HOTP)))
def test_codes_of_counters(counter: int, code: str) -> None:
    """RFC 4226, appendix D."""
    assert totp.hotp(_SECRET, counter) == code


@pytest.mark.parametrize(("seconds", "sha1", "sha256", "sha512"), _TOTP)
def test_codes_of_times(seconds: int, sha1: str, sha256: str, sha512: str) -> None:
    """RFC 6238, appendix B."""
    counter = totp.counter_at(datetime.fromtimestamp(seconds, UTC))
    assert totp.hotp(_SEED[:20], counter, digits=8, algorithm="sha1") == sha1
    assert totp.hotp(_SEED[:32], counter, digits=8, algorithm="sha256") == sha256
    assert totp.hotp(_SEED[:64], counter, digits=8, algorithm="sha512") == sha512


@pytest.mark.parametrize("steps", range(-3, 4))
def test_a_step_around_now_counts_and_no_more(steps: int, now: datetime) -> None:
    """Clocks differ by half a minute; older codes, and codes of the future, are wrong."""
    present = totp.counter_at(now)
    code = totp.hotp(_SECRET, present + steps)
    found = totp.accepted_counter(_SECRET, code, now=now, last=-1)
    assert found == (present + steps if abs(steps) <= 1 else None)


def test_a_code_is_not_accepted_twice(now: datetime) -> None:
    """Neither itself nor one of an earlier step; the next one is."""
    present = totp.counter_at(now)
    code = totp.hotp(_SECRET, present)
    assert totp.accepted_counter(_SECRET, code, now=now, last=present - 1) == present
    assert totp.accepted_counter(_SECRET, code, now=now, last=present) is None
    later = now + timedelta(seconds=30)
    assert totp.accepted_counter(_SECRET, code, now=later, last=present) is None
    following = totp.hotp(_SECRET, present + 1)
    assert totp.accepted_counter(_SECRET, following, now=later, last=present) == present + 1


def test_the_link_says_what_the_authenticator_needs() -> None:
    """The key URI of authenticator apps: issuer and account in the label, the secret in base 32."""
    link = urlsplit(totp.otpauth_uri(_SECRET, account="li.wei@bank"))
    assert (link.scheme, link.netloc) == ("otpauth", "totp")
    assert unquote(link.path) == "/Luochui 落槌:li.wei@bank"
    asked = {name: values[0] for name, values in parse_qs(link.query).items()}
    assert asked == {
        "secret": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
        "issuer": "Luochui 落槌",
        "algorithm": "SHA1",
        "digits": "6",
        "period": "30",
    }


def test_recovery_codes_are_many_and_different() -> None:
    """Ten, none twice, of a form that no time-based code has."""
    codes = totp.new_recovery_codes()
    assert len(set(codes)) == totp.RECOVERY_CODES
    assert all(totp.is_recovery_code(code) for code in codes)
    assert not totp.is_recovery_code("123456")
