"""The application: documents in, signed containers through ESEDO, proofs out."""
