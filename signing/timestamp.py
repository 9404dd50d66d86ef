"""RFC 3161 time-stamps: the place for requesting and checking them; this release makes and demands none (level B-B)."""
