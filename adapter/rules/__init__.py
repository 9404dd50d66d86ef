"""The Rules as data and as functions: dated rulesets, deadlines, business rules, coverage and figures."""
