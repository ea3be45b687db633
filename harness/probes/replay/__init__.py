"""None of the work done: outputs with the right shape and wrong values."""
