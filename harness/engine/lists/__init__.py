"""Networks with a list: boxes that reach the hosts of a list, by name, and nothing else. For every engine."""
