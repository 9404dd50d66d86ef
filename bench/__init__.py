"""How fast the program is beside its peers, measured in one run; see README.md in this folder."""
