"""`python -m tests.interop.national_samples FOLDER`: certificates of others judged by every library that knows the algorithms.

Samples are not kept here. Certificates with national keys (DER or PEM) are found in the folder and below; each is judged with its
issuer's key where that is among them, a root with its own. Not a part of `make interop`. Exit 0: every value is good, and bad with
a bit flipped.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from signing import Certificate
from signing.certificates import Name
from tests.interop import tools
from tests.interop.made_nationally import bit_at

COMMON_NAME = "2.5.4.3"


def main(arguments: Sequence[str]) -> int:
    found = [Certificate.from_der(der) for der in sorted(set(_certificates(Path(arguments[0]))))]
    asked = good = 0
    for certificate in (each for each in found if each.public_key.type.startswith("gost")):
        issuer = next((each for each in found if each.subject.key == certificate.issuer.key), None)
        for tool in tools.NATIONAL if issuer is not None else ():
            assert issuer is not None
            said = [_asked(tool, der, issuer.der) for der in (certificate.der, bit_at(-3)(certificate.der))]
            is_good = said[0] == "GOOD" and "the value is not a signature" in said[1]
            asked, good = asked + 1, good + is_good
            print(f"{tool:12} {_name(certificate.subject)} by {_name(issuer.subject)}: {said[0]}; flipped: {said[1]}")
    print(f"{good} of {asked}")
    return 0 if asked and good == asked else 1


def _asked(tool: str, certificate: bytes, issuer: bytes) -> str:
    with tempfile.TemporaryDirectory() as folder:
        own = len(certificate) == len(issuer) and certificate[:-64] == issuer[:-64]
        (Path(folder) / "root.der").write_bytes(certificate if own else issuer)
        (Path(folder) / "signer.der").write_bytes(certificate)
        done = tools.national(Path(folder), tool, "certificate", "signer.der")
    return (done.stdout + done.stderr).strip()


def _name(name: Name) -> str:
    return ", ".join(each.value for each in name.attributes if each.oid == COMMON_NAME)


def _certificates(folder: Path) -> Iterator[bytes]:
    for path in folder.rglob("*"):
        content = path.read_bytes() if path.suffix in (".cer", ".crt", ".pem") else b""
        if content.startswith(b"-----BEGIN CERTIFICATE"):
            yield from (each.public_bytes(Encoding.DER) for each in x509.load_pem_x509_certificates(content))
        elif content:
            yield content


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
