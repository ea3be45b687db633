"""The embedded engine: boxes made with bubblewrap, images as stacks of overlay layers."""
