"""Trust services of the sandbox: they answer in memory as real ones do over HTTP, honestly or wrong on request."""
