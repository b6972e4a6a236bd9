"""A server of tokens for docker-registry: `python token_server.py CERTIFICATE`.

Run by a project's Python. As https://distribution.github.io/distribution/spec/auth/jwt/ says: the
registry trusts a token whose chain of certificates (x5c) ends in the one written to CERTIFICATE.
Ada may push with her password, or with a refresh token; whoever gives no name may pull.
"""

import base64
import json
import sys
import time
import uuid
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

PASSWORD = "Basic " + base64.b64encode(b"ada:secret").decode()
REFRESH_TOKEN = "a-token-that-buys-others"

KEY = ec.generate_private_key(ec.SECP256R1())


class Tokens(BaseHTTPRequestHandler):
    """Sells tokens by GET for a password, by POST for a refresh token."""

    def do_GET(self) -> None:
        """Answer a question by name and password."""
        given = self.headers.get("Authorization")
        wanted = parse_qs(urlsplit(self.path).query)
        if urlsplit(self.path).path != "/token":
            self.answer(200, {})
        elif given in (None, PASSWORD):
            self.answer(200, {"token": token(wanted, may_push=given == PASSWORD)})
        else:
            self.answer(401, {"details": "incorrect username or password"})

    def do_POST(self) -> None:
        """Answer as OAuth 2 does."""
        wanted = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        if wanted.get("refresh_token") == [REFRESH_TOKEN]:
            self.answer(200, {"access_token": token(wanted, may_push=True)})
        else:
            self.answer(401, {"error": "invalid_grant"})

    def answer(self, status: int, body: dict[str, str]) -> None:
        """Send JSON."""
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def token(wanted: dict[str, list[str]], may_push: bool) -> str:
    """Make a token for what is wanted, as far as it may be had."""
    allowed = {"pull", "push"} if may_push else {"pull"}
    access = []
    for scope in wanted.get("scope", []):
        kind, name, actions = scope.split(":")
        granted = sorted(allowed & set(actions.split(",")))
        access.append({"type": kind, "name": name, "actions": granted})
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": "test",
        "sub": "ada",
        "aud": wanted["service"][0],
        "access": access,
    }
    claims |= {"iat": now, "nbf": now - 10, "exp": now + 60, "jti": uuid.uuid4().hex}
    chain = [base64.b64encode(CERTIFICATE.public_bytes(serialization.Encoding.DER)).decode()]
    return str(jwt.encode(claims, KEY, algorithm="ES256", headers={"x5c": chain}))


def certificate() -> x509.Certificate:
    """Sign a certificate for the key with the key itself."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, KEY.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1))
    builder = builder.not_valid_after(now + timedelta(days=1))
    return builder.sign(KEY, hashes.SHA256())


CERTIFICATE = certificate()

if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(CERTIFICATE.public_bytes(serialization.Encoding.PEM))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Tokens)
    print(f"listening on 127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
