"""Keys that stay inside a token and are used through PKCS#11: the place for them; this release signs with key files only."""
