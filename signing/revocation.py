"""Whether a certificate was revoked at a time, by OCSP and CRL: the place for it; this release says "not checked"."""
