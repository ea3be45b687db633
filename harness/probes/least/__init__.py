"""The least of a reference that its tests pay in full: looked for by leaving parts of it out."""
