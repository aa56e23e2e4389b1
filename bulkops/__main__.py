"""``python -m bulkops``."""

from bulkops.cli.commands import main

if __name__ == "__main__":
    main()
