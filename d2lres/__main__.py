"""`python -m d2lres` is `d2lres`."""

from .cli import main

main()
