"""Keys that stay inside a token, used through PKCS#11: the place for them; this release signs with files."""
