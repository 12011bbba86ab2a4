"""`python -m coop` is the `coop` command."""

from coop.cli.main import main

if __name__ == "__main__":  # a process started beside the page loads this file too, and is no command
    main()
