"""What a tests' script prepares before it first depends on the solution, and what of that only installs. Pure."""
