"""A probing run of the tests: what each of them reached while it ran, apart from every run that is judged."""
