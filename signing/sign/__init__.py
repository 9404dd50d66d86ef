"""Making signatures: containers, detached CMS, envelopes."""
