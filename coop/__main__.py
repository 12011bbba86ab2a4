"""`python -m coop` is the `coop` command."""

from coop.cli import main

main()
