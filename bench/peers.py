"""The peers: each as its own documentation says, each doing no more than it must. One that is absent says why."""

from __future__ import annotations

from tempfile import NamedTemporaryFile, _TemporaryFileWrapper

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree

from bench.material import NOW, Key, pki
from bench.measure import Absent, Work

WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
DS = "http://www.w3.org/2000/09/xmldsig#"
RAW = "raw RSA-2048"


def raw_rsa(key: Key) -> Work:
    """The private key alone: one PKCS#1 signature over 1 KB, about what SignedInfo has."""
    private = key.private
    assert isinstance(private, rsa.RSAPrivateKey)
    message = bytes(1024)
    return lambda: private.sign(message, padding.PKCS1v15(), SHA256())


class Signxml:
    """XAdES by signxml, its defaults where nothing is said."""

    name = "signxml XAdES"
    name_with_path = "signxml XAdES, path built"

    def __init__(self, key: Key) -> None:
        from signxml.xades import XAdESSignatureConfiguration, XAdESSigner, XAdESVerifier

        self._key = key
        self._root: _TemporaryFileWrapper[bytes] | None = None
        self._signer, self._verifier = XAdESSigner, XAdESVerifier
        self._enveloped = XAdESSignatureConfiguration(location="./", verification_time=NOW)
        self._detached = XAdESSignatureConfiguration(location="./", verification_time=NOW, expect_references=2)

    def sign(self, document: bytes) -> bytes:
        """Enveloped: bytes in, bytes out. Without KeyValue, which its default writes and nobody needs."""
        return self._sign(document, [self._key.certificate])

    def sign_with_chain(self, document: bytes) -> bytes:
        """The same with the intermediate authority, for `verify_with_path`."""
        return self._sign(document, [self._key.certificate, x509.load_der_x509_certificate(pki().intermediate)])

    def _sign(self, document: bytes, chain: list[x509.Certificate]) -> bytes:
        signed = self._signer().sign(
            etree.fromstring(document), key=self._key.private, cert=chain, always_add_key_value=False
        )
        return etree.tostring(signed)

    def verify_with_path(self, signed: bytes) -> None:
        """The signer is not known beforehand: a path to the root, by the verifier of cryptography, as we build one."""
        if self._root is None:
            self._root = NamedTemporaryFile(suffix=".pem")  # noqa: SIM115 - it takes a file name, for as long as it lives
            self._root.write(x509.load_der_x509_certificate(pki().root).public_bytes(Encoding.PEM))
            self._root.flush()
        self._verifier().verify(
            signed,
            ca_pem_file=self._root.name,
            # its default wants the extended key usage of a web server or of e-mail, which national certificates lack
            ee_policy=x509.verification.ExtensionPolicy.permit_all(),
            expect_config=self._enveloped,
        )

    def verify(self, signed: bytes) -> None:
        """The certificate is handed over: no path is built."""
        self._verifier().verify(signed, x509_cert=self._key.certificate, expect_config=self._enveloped)

    def verify_detached(self, signature: bytes, document: bytes) -> None:
        """A signature over a data object beside it, as ours are in a container."""
        self._verifier().verify(
            signature,
            x509_cert=self._key.certificate,
            uri_resolver=lambda _: document,
            expect_config=self._detached,
        )


class Xmlsec:
    """XMLDSig by python-xmlsec: the Body of a SOAP message under its wsu:Id, exclusive canonicalization."""

    name = "python-xmlsec XMLDSig"

    def __init__(self, key: Key) -> None:
        import xmlsec

        self._xmlsec = xmlsec
        pem = key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        certificate = key.certificate.public_bytes(Encoding.PEM)
        self._private = xmlsec.Key.from_memory(pem, xmlsec.KeyFormat.PEM)
        self._private.load_cert_from_memory(certificate, xmlsec.KeyFormat.PEM)
        self._public = xmlsec.Key.from_memory(certificate, xmlsec.KeyFormat.CERT_PEM)
        self._parser = etree.XMLParser(resolve_entities=False, no_network=True)

    def sign(self, message: bytes) -> bytes:
        xmlsec = self._xmlsec
        root = etree.fromstring(message, self._parser)
        root.find(f"{{{SOAP}}}Body").set(f"{{{WSU}}}Id", "id-1")
        header = etree.Element(f"{{{SOAP}}}Header")
        root.insert(0, header)
        signature = xmlsec.template.create(root, xmlsec.Transform.EXCL_C14N, xmlsec.Transform.RSA_SHA256, ns="ds")
        header.append(signature)
        reference = xmlsec.template.add_reference(signature, xmlsec.Transform.SHA256, uri="#id-1")
        xmlsec.template.add_transform(reference, xmlsec.Transform.EXCL_C14N)
        xmlsec.template.add_x509_data(xmlsec.template.ensure_key_info(signature))
        xmlsec.tree.add_ids(root, ["Id"])
        context = xmlsec.SignatureContext()
        context.key = self._private
        context.sign(signature)
        return etree.tostring(root)

    def verify(self, message: bytes) -> None:
        """The same bytes that we verify; the key is handed over."""
        root = etree.fromstring(message, self._parser)
        self._xmlsec.tree.add_ids(root, ["Id"])
        context = self._xmlsec.SignatureContext()
        context.key = self._public
        context.verify(root.find(f".//{{{DS}}}Signature"))


class XmlsecEnveloped(Xmlsec):
    """Plain XMLDSig by python-xmlsec inside the document: one reference, exclusive canonicalization, no properties."""

    def sign(self, message: bytes) -> bytes:
        xmlsec = self._xmlsec
        root = etree.fromstring(message, self._parser)
        signature = xmlsec.template.create(root, xmlsec.Transform.EXCL_C14N, xmlsec.Transform.RSA_SHA256, ns="ds")
        root.append(signature)
        reference = xmlsec.template.add_reference(signature, xmlsec.Transform.SHA256, uri="")
        xmlsec.template.add_transform(reference, xmlsec.Transform.ENVELOPED)
        xmlsec.template.add_transform(reference, xmlsec.Transform.EXCL_C14N)
        xmlsec.template.add_x509_data(xmlsec.template.ensure_key_info(signature))
        context = xmlsec.SignatureContext()
        context.key = self._private
        context.sign(signature)
        return etree.tostring(root)


def signxml(key: Key) -> Signxml | Absent:
    try:
        return Signxml(key)
    except ImportError as error:
        return Absent(name=Signxml.name, reason=f"absent: {error}")


def python_xmlsec(key: Key) -> Xmlsec | Absent:
    """Absent also where its libxml2 is not lxml's: then it refuses to be imported (`xmlsec.InternalError`)."""
    try:
        return Xmlsec(key)
    except Exception as error:  # noqa: BLE001 - its own exception class cannot be named before the import worked
        return Absent(name=Xmlsec.name, reason=f"absent: {error}")


def python_xmlsec_enveloped(key: Key) -> XmlsecEnveloped | Absent:
    try:
        return XmlsecEnveloped(key)
    except Exception as error:  # noqa: BLE001 - as above
        return Absent(name=XmlsecEnveloped.name, reason=f"absent: {error}")
