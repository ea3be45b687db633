"""Which stated requirements a mutant breaks, told from what it changes. No model, and no words of any domain.

`Relevance(instruction, sources).links(mutant)` ranks the sentences that a mutant breaks; `.served` says which parts of
the solution serve each of them.
"""

from mutator.relevance.compare import Link
from mutator.relevance.concepts import CONCEPT, stated
from mutator.relevance.links import Relevance, Served
from mutator.relevance.requirements import Requirement, requirements, sentences
from mutator.relevance.tokens import FLAG, NAME, PATH, stem, tokens_of

__all__ = [
    "CONCEPT",
    "FLAG",
    "NAME",
    "PATH",
    "Link",
    "Relevance",
    "Requirement",
    "Served",
    "requirements",
    "sentences",
    "stated",
    "stem",
    "tokens_of",
]
