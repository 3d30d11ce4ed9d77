"""What a booted application server is given in a test: keys and certificates made for it, and no database."""

from __future__ import annotations

import json
import secrets
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def credentials() -> dict[str, str]:
    """By name, as the service's unit loads them (docs/images.md). Valid for a day."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "register.test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("register.test")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    told = certificate.public_bytes(serialization.Encoding.PEM).decode()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    user_data = {
        "tenant": "272191",
        "region": "ap-northeast-1",
        "database": {"host": None, "port": 5432, "name": "koseki", "user": "honseki_app"},
        "accessLog": "/honseki/272191/access",
    }
    return {
        "register.crt": told,
        "register.key": private,
        "clients.crt": told,
        "database.crt": told,
        "seal.key": secrets.token_hex(32),
        "db.password": secrets.token_urlsafe(24),
        "user-data": json.dumps(user_data),
    }
