"""`python -m d2lres` is `d2lres`."""

from .commands import main

main()
