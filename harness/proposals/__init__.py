"""Candidates that a language model proposes: asked of any endpoint that speaks chat completions, and stored with what
was asked. Nothing here judges: each candidate is run by `foolsgold attempts` like everybody else's."""
