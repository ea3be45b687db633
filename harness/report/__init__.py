"""What an audit found, in every shape somebody reads it in. Each format is one small module over `document`."""
