"""National algorithms (GOST R 34.10-2015, GOST 34.310, Streebog, GOST 34.311) as pure functions: empty yet."""
