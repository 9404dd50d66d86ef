"""Changes of the tables, in order. A released one is never edited: the next one is written."""
