"""What makes boxes: one contract, two implementations."""
