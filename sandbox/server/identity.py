"""Who somebody is, signed: RS256 id_tokens and the key set that verifies them."""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from sandbox.server.records import Records


@lru_cache(maxsize=1)
def _fresh_pem() -> str:
    """One key a process is enough for stores in memory: making one takes a tenth of a second."""
    key = generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _key(store: Records) -> RSAPrivateKey:
    pem = store.setting("signing_key")
    if pem is None:
        pem = _fresh_pem()
        store.set_setting("signing_key", pem)
    return _loaded(pem)


@lru_cache(maxsize=4)
def _loaded(pem: str) -> RSAPrivateKey:
    key = load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, RSAPrivateKey):
        raise TypeError("the signing key has to be an RSA key")
    return key


def _number(value: int) -> str:
    data = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def key_set(store: Records) -> dict[str, Any]:
    """The JWKS document."""
    numbers = _key(store).public_key().public_numbers()
    modulus = _number(numbers.n)
    entry = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": _kid(modulus)}
    return {"keys": [{**entry, "n": modulus, "e": _number(numbers.e)}]}


def _kid(modulus: str) -> str:
    return hashlib.sha256(modulus.encode()).hexdigest()[:24]


def sign(store: Records, claims: dict[str, Any]) -> str:
    """The claims as an id_token that holds for an hour."""
    now = int(store.now().timestamp())
    key = _key(store)
    kid = _kid(_number(key.public_key().public_numbers().n))
    stamped = {"iat": now, "nbf": now, "exp": now + 3600, **claims}
    return jwt.encode(stamped, key, algorithm="RS256", headers={"kid": kid})
