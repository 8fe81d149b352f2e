"""Stand-ins of the outside services over HTTP, for the demo and the tests; never in production."""
