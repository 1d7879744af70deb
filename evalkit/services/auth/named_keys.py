"""Keys made from a name: the same name gives the same key.

Such a key protects nothing and must not: it lets an agent verify what a mock signs, in a run that
can be repeated. An RSA key takes some tenths of a second to make, one on a curve no time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

_BITS = 2048
_EXPONENT = 65537
_SMALL = [n for n in range(3, 2000, 2) if all(n % m for m in range(3, int(n**0.5) + 1, 2))]
_BASES = (2, *_SMALL[:15])
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@lru_cache(16)
def rsa_key(name: str) -> RSAPrivateKey:
    """The RSA key of 2048 bits of this name."""
    from cryptography.hazmat.primitives.asymmetric import rsa

    primes = _primes(name)
    p, q = next(primes), next(primes)
    d = pow(_EXPONENT, -1, (p - 1) * (q - 1))
    numbers = rsa.RSAPrivateNumbers(
        p=p,
        q=q,
        d=d,
        dmp1=d % (p - 1),
        dmq1=d % (q - 1),
        iqmp=pow(q, -1, p),
        public_numbers=rsa.RSAPublicNumbers(_EXPONENT, p * q),
    )
    return numbers.private_key()


@lru_cache(16)
def ec_key(name: str) -> EllipticCurvePrivateKey:
    """The key on the curve P-256 of this name."""
    from cryptography.hazmat.primitives.asymmetric import ec

    number = int.from_bytes(hashlib.blake2b(f"ec {name}".encode()).digest(), "big")
    return ec.derive_private_key(1 + number % (_P256_ORDER - 1), ec.SECP256R1())


def _primes(name: str) -> Iterator[int]:
    """Primes of half the bits of a key, drawn by name."""
    high = 0b11 << (_BITS // 2 - 2)
    for number in range(1_000_000):
        stream = hashlib.shake_256(f"rsa {name} {number}".encode())
        candidate = int.from_bytes(stream.digest(_BITS // 16), "big") | high | 1
        if (candidate - 1) % _EXPONENT and _is_prime(candidate):
            yield candidate


def _is_prime(number: int) -> bool:
    """Miller-Rabin; for numbers drawn at random, so many bases leave no doubt worth a name."""
    if any(number % small == 0 for small in _SMALL):
        return False
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    return all(_passes(number, base, odd, twos) for base in _BASES)


def _passes(number: int, base: int, odd: int, twos: int) -> bool:
    value = pow(base, odd, number)
    if value in (1, number - 1):
        return True
    for _ in range(twos - 1):
        value = value * value % number
        if value == number - 1:
            return True
    return False
