"""Solutions from elsewhere: people's, agents' and models'. Read, run and judged like mutants."""
