"""National signatures judged, and made, by a library of others: `python judge.py LIBRARY TASK ARGUMENT...` in a folder of files.

Trusts the certificate in root.der; ca.der, where it is, is known. Exit 0: good or made. 1: refused, with the reason. 3: no verdict,
for the library or a file is not what it should be. Reads documents by its own eyes (lxml, asn1crypto) and leaves every digest and
every value to the library; shares no code with what it judges, and says so itself when it would.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import der
from botan import Botan
from documents import hold_cms, hold_crl, hold_ocsp, hold_time_stamp
from foreign import Failed, Library
from gost_engine import GostEngine
from keys import HASH_OF, Certificate, Judge, Refused, certificate
from libgcrypt import Libgcrypt
from xml_documents import hold_manifest, hold_signatures

LIBRARIES: Final[Mapping[str, Callable[[], Library]]] = {
    "libgcrypt": Libgcrypt,
    "Botan": lambda: Botan(Libgcrypt()),
    "gost-engine": lambda: GostEngine(Libgcrypt()),
}
NO_VERDICT: Final = 3
JUDGED: Final = ("signing", "schemas", "adapter")


def read(name: str) -> bytes:
    return Path(name).read_bytes()


def known() -> tuple[Certificate, ...]:
    return (certificate(read("ca.der")),) if Path("ca.der").exists() else ()


def hold(judge: Judge, task: str, *names: str) -> None:
    files = [read(name) for name in names]
    if task == "xml":
        hold_signatures(judge, files[0], known())
    elif task == "manifest":
        hold_manifest(judge, files[0])
    elif task == "attached":
        hold_cms(judge, files[0], None)
    elif task == "detached":
        hold_cms(judge, files[0], files[1])
    elif task == "time-stamp":
        hold_time_stamp(judge, files[0], files[1])
    elif task == "certificate":
        hold_certificate(judge, certificate(files[0]))
    elif task == "crl":
        hold_crl(judge, files[0], known())
    elif task == "ocsp":
        hold_ocsp(judge, files[0], known())
    else:
        raise Failed(f"no such task: {task}")


def hold_certificate(judge: Judge, judged: Certificate) -> None:
    """Of the root itself: that its value is its own."""
    if judged.whole == judge.root.whole:
        judge.hold_value_in_der(judged.algorithm, judged.key, judged.signed, judged.value, "root")
    judge.hold_path(judged, known())


def sign(library: Library, message: str, number: str, out: str) -> None:
    """`message` by the private number in `number` (decimal); its certificate in signer.der says of which family it is."""
    key = certificate(read("signer.der")).key
    digest = library.digest(HASH_OF[key.family], read(message))
    r, s = library.signed(key, int(read(number)), digest)
    Path(out).write_bytes(r.to_bytes(key.size, "little") + s.to_bytes(key.size, "little"))


def main(name: str, task: str, *arguments: str) -> int:
    try:
        library = LIBRARIES[name]()
        if task == "version":
            print(library.version())
        elif task == "sign":
            sign(library, *arguments)
        else:
            hold(Judge(library=library, root=certificate(read("root.der"))), task, *arguments)
            print("GOOD")
    except Refused as refused:
        print(f"REFUSED: {refused}", file=sys.stderr)
        return 1
    except (Failed, der.Unreadable, OSError, ValueError) as failed:
        print(f"no verdict: {failed}", file=sys.stderr)
        return NO_VERDICT
    if any(module.split(".")[0] in JUDGED for module in sys.modules):
        print("no verdict: the code judged is loaded here", file=sys.stderr)
        return NO_VERDICT
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
